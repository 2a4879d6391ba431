"""A primary dies and its standby takes over: with synchronous replication nothing acknowledged is lost, and the server
finds the new primary by itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from tests import postgres, signals
from tests.cast import NOON
from tests.postgres import Cluster
from tests.storage.faults.shop import Shop, assert_unavailable, shop_on

from sayso.storage.postgres_migrate import bring_up_to_date


class Standby(Cluster):
    """A copy of another cluster that follows it."""

    def __init__(self, primary: Cluster) -> None:
        super().__init__()
        self._primary = primary

    def make(self) -> None:
        copying = ("-R", "-c", "fast", "-X", "stream", "-d", self._primary.url)
        self.run("pg_basebackup", "-D", str(self.data), *copying)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())
        self.start()

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D", str(self.data))


@pytest.fixture
def primary() -> Iterator[Cluster]:
    with postgres.cluster() as made:
        yield made


@pytest.fixture
def database(primary: Cluster) -> str:
    """It is not dropped: whoever could do that has gone by then."""
    primary.sql("CREATE DATABASE sayso")
    url = primary.url_of("sayso")
    postgres.apart(bring_up_to_date(url, NOON))
    return url


@pytest.fixture
def standby(primary: Cluster, database: str) -> Iterator[Standby]:
    """What is acknowledged is on its disk too."""
    with Standby(primary) as made:
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        yield made


@pytest.fixture
async def shop(primary: Cluster, standby: Standby, database: str) -> AsyncIterator[Shop]:
    # The standby comes first: who wants to write is not served there.
    through = f"postgresql://sayso@127.0.0.1:{standby.port},127.0.0.1:{primary.port}/sayso"
    async with shop_on(primary, database, through) as opened:
        yield opened


async def test_a_standby_that_takes_over_is_found_and_has_all(shop: Shop, primary: Cluster, standby: Standby):
    people = await shop.contacts(5)
    assert "sync" == await shop.sql.fetchval("SELECT sync_state FROM pg_stat_replication")
    stop = asyncio.Event()
    load = [asyncio.create_task(shop.toggle(one, stop)) for one in people]

    await shop.all_write(people)
    signals.send(signals.family(primary.pid), signal.SIGKILL)
    (primary.data / "postmaster.pid").unlink()
    assert_unavailable(await shop.create("nobody"))
    await asyncio.to_thread(standby.promote)
    # No time-out passes here: the new primary is found without one.
    assert 200 == (await shop.served(lambda: shop.create("first"))).status_code
    stop.set()
    changes = await asyncio.gather(*load)
    shop.sql = await asyncpg.connect(standby.url_of("sayso"))

    assert changes == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()
