"""A server that stops does not wait for writes that somebody else's lock holds up."""

from __future__ import annotations

import asyncio
from contextlib import closing
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from tests import postgres
from tests.machine import DEADLINE

from sayso.domain.errors import OutcomeUnknown, Unavailable
from sayso.storage import sqlite
from sayso.storage.engine import Statement
from sayso.storage.postgres import PostgresEngine
from sayso.storage.sqlite import SqliteEngine

#: Longer than a test may take.
LONG = 10 * DEADLINE

WRITE = Statement("INSERT INTO words (word) VALUES ($1)", ("late",))


async def test_a_write_on_sqlite_that_waits_for_another_process_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", int(1000 * LONG))
    connect = partial(sqlite.connect, tmp_path / "engine.db")
    with closing(connect()) as other:
        other.execute("CREATE TABLE words (word TEXT NOT NULL PRIMARY KEY)")
        engine = SqliteEngine(connect)
        other.execute("BEGIN IMMEDIATE")
        writing = [asyncio.ensure_future(engine.commit([WRITE])) for _ in range(2)]
        await asyncio.sleep(0)

        engine.limit_waits(0)

        async with asyncio.timeout(DEADLINE):
            for outcome in await asyncio.gather(*writing, return_exceptions=True):
                assert isinstance(outcome, Unavailable)
                assert not isinstance(outcome, OutcomeUnknown)
            await engine.close()
        other.execute("ROLLBACK")
        assert [] == other.execute("SELECT word FROM words").fetchall()


@pytest.mark.skipif(not postgres.WANTED, reason="needs PostgreSQL")
async def test_writes_on_postgres_that_wait_for_a_lock_or_a_connection_end(request: pytest.FixtureRequest):
    url = request.getfixturevalue("database")
    engine = await PostgresEngine.connect(url, timeout=LONG)
    other = await asyncpg.connect(url)
    try:
        await other.execute("CREATE TABLE words (word TEXT NOT NULL PRIMARY KEY)")
        lock = other.transaction()
        await lock.start()
        await other.execute("LOCK TABLE words IN ACCESS EXCLUSIVE MODE")
        # More than there are connections.
        statements = [[WRITE], [WRITE, WRITE], *[[WRITE]] * 30]
        writing = [asyncio.ensure_future(engine.commit(one)) for one in statements]
        async with asyncio.timeout(DEADLINE):
            while 2 > await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0)

        engine.limit_waits(0)

        async with asyncio.timeout(DEADLINE):
            outcomes = await asyncio.gather(*writing, return_exceptions=True)
            await engine.close()
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes), outcomes
        # One statement is its own commit; a transaction has not come to its own, and the last ones never began.
        assert isinstance(outcomes[0], OutcomeUnknown)
        assert not isinstance(outcomes[1], OutcomeUnknown)
        assert not isinstance(outcomes[-1], OutcomeUnknown)
        await lock.rollback()
    finally:
        await other.close()
