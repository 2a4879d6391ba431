"""Slow reads on SQLite and PostgreSQL: they end, and they hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from tests import postgres
from tests.loop_clock import LoopClock
from tests.machine import DEADLINE

from sayso.domain.errors import TooManySlowReads, Unavailable
from sayso.service.reader import READER
from sayso.storage import postgres as postgres_engine
from sayso.storage import postgres_connections, postgres_reads, sqlite, sqlite_log
from sayso.storage.engine import Engine, Statement
from sayso.storage.postgres import PostgresEngine
from sayso.storage.postgres_connections import Connections
from sayso.storage.postgres_url import parsed
from sayso.storage.read_limit import READS_PER_TOKEN
from sayso.storage.sqlite import SqliteEngine

#: No machine ends this: a read that must be interrupted.
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i % 1000 + 1 FROM n) SELECT count(*) FROM n"

Open = Callable[..., SqliteEngine]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite.connect(tmp_path / "engine.db")) as connection:
        connection.execute("CREATE TABLE words (word TEXT NOT NULL PRIMARY KEY, filler BLOB)")
    return tmp_path / "engine.db"


@pytest.fixture
async def open_engine(path: Path) -> AsyncIterator[Open]:
    engines: list[SqliteEngine] = []

    def open_one(**more: object) -> SqliteEngine:
        engines.append(SqliteEngine(partial(sqlite.connect, path), **more))  # type: ignore[arg-type]
        return engines[-1]

    yield open_one
    for engine in engines:
        await engine.close()


@pytest.fixture(params=["sqlite", *(["postgres"] if postgres.WANTED else [])])
async def engine(request: pytest.FixtureRequest, open_engine: Open) -> AsyncIterator[Engine]:
    if request.param == "sqlite":
        yield open_engine(timeout=DEADLINE)
        return
    connected = await PostgresEngine.connect(request.getfixturevalue("database"), timeout=DEADLINE)
    yield connected
    await connected.close()


@contextmanager
def reading_as(token: str) -> Iterator[None]:
    before = READER.set(token)
    try:
        yield
    finally:
        READER.reset(before)


def begin(engine: Engine, token: str) -> asyncio.Task[object]:
    with reading_as(token):
        return asyncio.create_task(engine.scan(ENDLESS))


async def end(*reads: asyncio.Task[object]) -> None:
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)


async def test_a_read_that_reaches_its_deadline_is_unavailable(open_engine: Open):
    engine = open_engine(timeout=0.2)

    for read in (engine.scan, engine.read_many, engine.read_or_scan):
        with pytest.raises(Unavailable, match="did not answer in time"):
            await read(ENDLESS)


async def test_on_postgresql_a_read_that_reaches_its_deadline_is_unavailable(
    database: str, cluster: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres_connections, "REVIVAL_WAIT", DEADLINE)
    clock, timeout = LoopClock(), 10 * DEADLINE
    engine = await PostgresEngine.connect(database, timeout=timeout)
    try:
        read = asyncio.create_task(engine.scan(ENDLESS))
        async with asyncio.timeout(DEADLINE):
            while not cluster.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE%'"):
                await asyncio.sleep(0)
        clock.advance(timeout)
        with pytest.raises(Unavailable, match="did not answer in time"):
            await read
        assert [(1,)] == [tuple(row) for row in await engine.read("SELECT 1")]
    finally:
        await engine.close()


async def test_bounded_reads_and_writes_never_wait_for_slow_reads(engine: Engine):
    slow = [begin(engine, token) for token in "abcd" for _ in range(4)]

    assert [(1,)] == [tuple(row) for row in await engine.read_many("SELECT 1")]
    await engine.commit([Statement("CREATE TABLE written (word TEXT)", ())])
    assert not any(read.done() for read in slow)

    await engine.commit([Statement("DROP TABLE written", ())])
    await end(*slow)


async def test_one_token_s_slow_reads_hold_up_no_other_token_s(engine: Engine):
    slow = [begin(engine, "a") for _ in range(READS_PER_TOKEN)]

    with reading_as("b"):
        assert [(1,)] == [tuple(row) for row in await engine.scan("SELECT 1")]

    await end(*slow)


async def test_a_token_with_too_many_slow_reads_is_refused_until_one_ends(engine: Engine):
    slow = [begin(engine, "a") for _ in range(READS_PER_TOKEN)]
    await asyncio.sleep(0)

    with reading_as("a"), pytest.raises(TooManySlowReads):
        await engine.scan(ENDLESS)
    await end(*slow)

    with reading_as("a"):
        assert [(1,)] == [tuple(row) for row in await engine.scan("SELECT 1")]


async def test_reads_that_are_given_up_make_room(engine: Engine):
    for _ in range(3):
        slow = [begin(engine, token) for token in "abcd" for _ in range(4)]
        await asyncio.sleep(0)
        await end(*slow)

    assert [(1,)] == [tuple(row) for row in await engine.scan("SELECT 1")]


async def test_a_server_that_stops_ends_slow_reads_and_no_others(engine: Engine):
    slow = [begin(engine, token) for token in "ab" for _ in range(4)]
    await asyncio.sleep(0)

    engine.stop_slow_reads()

    for read in (*slow, begin(engine, "a")):
        with pytest.raises(Unavailable, match="stopping"):
            await read
    assert [(1,)] == [tuple(row) for row in await engine.read_many("SELECT 1")]


async def test_an_engine_that_closes_waits_for_no_slow_read(open_engine: Open):
    engine = open_engine(timeout=3600)
    slow = begin(engine, "a")
    await asyncio.sleep(0)

    await engine.close()

    with pytest.raises(Unavailable, match="closed"):
        await slow


async def test_a_read_that_turns_out_to_be_long_goes_on_among_the_slow_ones(engine: Engine):
    with reading_as("a"):
        reads = [asyncio.create_task(engine.read_or_scan(ENDLESS)) for _ in range(READS_PER_TOKEN + 1)]

    ended, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)

    # Each was tried in its turn, and left its place among the bounded ones to the next.
    with pytest.raises(TooManySlowReads):
        await next(iter(ended))
    assert [(1,)] == [tuple(row) for row in await engine.read_many("SELECT 1")]
    await end(*reads)


async def test_a_connection_whose_query_is_cancelled_is_lent_again_when_the_query_has_ended(database: str, monkeypatch):
    settled: list[str] = []

    async def settle(connection: asyncpg.Connection) -> None:
        await postgres_reads.settle(connection)
        settled.append("closed" if connection.is_closed() else "open")

    monkeypatch.setattr(postgres_connections, "settle", settle)
    for module in (postgres_engine, postgres_reads):
        monkeypatch.setattr(module, "CANCEL_WITHIN", DEADLINE)
    engine = await PostgresEngine.connect(database, timeout=3600)
    await engine.read("SELECT 1")
    slow = [begin(engine, token) for token in "ab"]
    await until_running(engine, 2)

    await end(*slow)
    async with asyncio.timeout(DEADLINE):
        while len(settled) < 2:
            await asyncio.sleep(0)

    assert ["open", "open"] == settled
    assert 0 == await running(engine)
    await engine.close()


async def until_running(engine: PostgresEngine, number: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while await running(engine) < number:
            pass


async def running(engine: PostgresEngine) -> int:
    """How many endless queries the server runs."""
    rows = await engine.read(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
        "AND query LIKE 'WITH RECURSIVE%'"
    )
    return int(rows[0][0])


async def test_one_who_waits_for_a_connection_is_woken_though_another_was_cancelled_at_that_moment(database: str):
    pool = Connections(replace(parsed(database), connections=2), 3600)
    loop = asyncio.get_running_loop()
    far, release = loop.time() + 3600, [asyncio.Event(), asyncio.Event()]

    async def hold(number: int, connection: asyncpg.Connection) -> None:
        await release[number].wait()

    async def ask(connection: asyncpg.Connection) -> int:
        return await connection.fetchval("SELECT 1")

    holders = [asyncio.create_task(pool.run(partial(hold, number), far)) for number in range(2)]
    async with asyncio.timeout(DEADLINE):
        while len(pool._open) < 2:
            await asyncio.sleep(0)
    cancelled, waiting = [asyncio.create_task(pool.run(ask, far)) for _ in range(2)]
    await asyncio.sleep(0)
    release[0].set()
    loop.call_soon(cancelled.cancel)

    async with asyncio.timeout(DEADLINE):
        assert 1 == await waiting
    release[1].set()
    await asyncio.gather(*holders, cancelled, return_exceptions=True)
    await pool.close()


async def test_the_log_stays_short_whatever_slow_reads_hold(open_engine: Open, path: Path, monkeypatch):
    monkeypatch.setattr(sqlite_log, "LOG_PAUSE", 500)
    engine = open_engine(checkpoints=True, timeout=3600)
    log = path.with_name("engine.db-wal")
    longest = 0
    interrupted: list[asyncio.Task[object]] = []
    slow = [begin(engine, token) for token in "ab"]

    for number in range(200):
        filler = (f"{number}", bytes(200_000))
        await engine.commit([Statement("INSERT INTO words VALUES ($1, $2)", filler)])
        longest = max(longest, log.stat().st_size)
        if engine._writer.log_pages > 2 * sqlite_log.LOG_PAUSE:
            # The reads are interrupted by now. However busy the machine is, the writer does not run ahead of their end.
            async with asyncio.timeout(DEADLINE):
                while not engine._slow.is_idle:
                    await asyncio.sleep(0)
        interrupted += [read for read in slow if read.done()]
        slow = [begin(engine, "ab"[place]) if read.done() else read for place, read in enumerate(slow)]

    # 200 commits are 10,000 pages; a log that is only ever held has as many.
    assert longest < 3_000 * 4096
    for read in interrupted:
        with pytest.raises(Unavailable, match="too much to write"):
            await read
    await end(*slow)
