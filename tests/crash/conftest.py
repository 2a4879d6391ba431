"""Disks that fail, and a PostgreSQL that may be killed."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator

import pytest
from tests import postgres
from tests.crash.vfs import Disk, a_disk

#: Without a server there is none to kill; one line at the end says so.
collect_ignore_glob = [] if postgres.WANTED else ["test_postgres_*.py"]


@pytest.fixture
def disk() -> Iterator[Disk]:
    with a_disk() as made:
        yield made


@pytest.fixture(scope="package")
def cluster() -> Iterator[postgres.Cluster]:
    """Others use another."""
    with postgres.cluster() as made:
        yield made


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be had again: the seed is printed with a failure, and CRASH_SEED sets it."""
    seed = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
    print(f"CRASH_SEED={seed}")
    return random.Random(seed)
