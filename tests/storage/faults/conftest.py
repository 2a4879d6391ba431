"""A PostgreSQL of one's own, which may be broken, and a shop on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests import postgres
from tests.postgres import Cluster
from tests.storage.faults.shop import Shop, shop_on

#: Without a server there is nothing to break; one line at the end says so.
collect_ignore_glob = [] if postgres.WANTED else ["test_*.py"]


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """Others use another."""
    with postgres.cluster(deadlock_timeout="50ms", max_connections="40") as made:
        yield made


@pytest.fixture(scope="package")
def shared_database(cluster: Cluster) -> Iterator[str]:
    """Each shop is a workspace of its own in it."""
    with postgres.shared(cluster) as url:
        yield url


@pytest.fixture
async def shop(cluster: Cluster, shared_database: str) -> AsyncIterator[Shop]:
    async with shop_on(cluster, shared_database) as opened:
        yield opened
