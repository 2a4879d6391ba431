"""Reader threads survive whatever a read raises, and give back their places."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

import apsw
import pytest
from tests.machine import DEADLINE
from tests.storage.test_slow_reads import ENDLESS

from sayso.domain.errors import Unavailable
from sayso.storage import sqlite, sqlite_readers
from sayso.storage.sqlite_readers import ReaderPool

Open = Callable[..., ReaderPool]


@pytest.fixture
async def open_pool(tmp_path: Path) -> AsyncIterator[Open]:
    with closing(sqlite.connect(tmp_path / "engine.db")):
        pass
    pools: list[ReaderPool] = []

    def open_one(**more: Any) -> ReaderPool:
        pools.append(ReaderPool("test", partial(sqlite.connect, tmp_path / "engine.db"), 2, 100, **more))
        return pools[-1]

    yield open_one
    for pool in pools:
        pool.refuse(Unavailable("closed"))
        await pool.close()


def run(pool: ReaderPool, sql: str, fetch: sqlite_readers.Fetch = apsw.Cursor.fetchall) -> asyncio.Task[list[Any]]:
    deadline = asyncio.get_running_loop().time() + DEADLINE
    return asyncio.create_task(pool.run("a", deadline, fetch, sql, ()))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
async def test_a_thread_whose_priority_cannot_be_lowered_still_reads(open_pool: Open, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    pool = open_pool(niceness=10)

    assert [[(1,)], [(1,)]] == await asyncio.gather(run(pool, "SELECT 1"), run(pool, "SELECT 1"))
    assert pool.is_idle


async def test_a_thread_goes_on_whatever_a_read_raises(open_pool: Open):
    def exit_(_: apsw.Cursor) -> NoReturn:
        raise SystemExit

    pool = open_pool()

    for _ in range(3):
        with pytest.raises(Unavailable):
            await run(pool, "SELECT 1", exit_)
    assert [(1,)] == await run(pool, "SELECT 1")
    assert pool.is_idle


async def test_on_idle_is_called_when_no_thread_can_be_started(open_pool: Open, monkeypatch: pytest.MonkeyPatch):
    calls: list[str] = []

    def refuse(*_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    pool = open_pool(on_idle=lambda: calls.append("idle"))

    with pytest.raises(RuntimeError):
        await run(pool, "SELECT 1")

    assert ["idle"] == calls


async def test_a_read_that_was_just_admitted_ends_with_its_pool(open_pool: Open, monkeypatch: pytest.MonkeyPatch):
    pool = open_pool()
    reads = [run(pool, ENDLESS) for _ in range(2)]
    while pool.is_idle:
        await asyncio.sleep(0)
    leave = pool._limit.leave

    def leave_and_refuse(token: str) -> None:
        """Of one token one read runs: the end of the first admits the second, which has not gone on yet."""
        leave(token)
        pool.refuse(Unavailable("closed"))

    monkeypatch.setattr(pool._limit, "leave", leave_and_refuse)
    reads[0].cancel()

    with pytest.raises(Unavailable, match="closed"):
        await reads[1]
    assert pool.is_idle


async def test_a_pool_that_closes_interrupts_no_closed_connection(open_pool: Open):
    pool = open_pool()
    read = run(pool, ENDLESS)
    while pool.is_idle:
        await asyncio.sleep(0)
    (reader,) = pool._readers

    # When the thread has ended, its last answer still waits in the loop, and interrupts go on until that is there.
    pool.refuse(Unavailable("closed"))
    reader._queue.put(None)
    while reader._thread.is_alive():
        assert reader.read
        reader._interrupt(reader.read)
        reader._thread.join(0.01)
    reader._interrupt(reader.read)

    await pool.close()
    with pytest.raises(Unavailable, match="closed"):
        await read
