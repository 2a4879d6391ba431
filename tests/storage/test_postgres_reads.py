"""Reads that are given up: the caller gets an answer at once, and a cancellation is never lost."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from sayso.domain.errors import Unavailable
from sayso.storage.engine import Row
from sayso.storage.postgres_reads import SharedRead, settle

FAR = 1e9


async def endless() -> list[Row]:
    await asyncio.Event().wait()
    return []


def shared() -> tuple[SharedRead, asyncio.Task[list[Row]]]:
    """A read that never ends, and the task that does it."""
    read = asyncio.create_task(endless())
    return SharedRead(read), read


async def test_a_caller_cancelled_at_the_deadline_is_cancelled():
    for cancels_first in (True, False):
        reading, read = shared()
        caller = asyncio.create_task(reading.rows(FAR))
        await asyncio.sleep(0)

        if cancels_first:
            caller.cancel()
        reading.end(Unavailable("too late"))
        if not cancels_first:
            caller.cancel()

        with pytest.raises(asyncio.CancelledError):
            await caller
        await asyncio.wait([read])
        assert read.cancelled()


async def test_an_error_reaches_the_caller_at_once_and_cancels_the_query():
    reading, read = shared()
    caller = asyncio.create_task(reading.rows(FAR))
    await asyncio.sleep(0)

    reading.end(Unavailable("too late"))

    with pytest.raises(Unavailable, match="too late"):
        await caller
    await asyncio.wait([read])
    assert read.cancelled()


async def test_an_error_of_the_query_reaches_the_caller():
    async def fail() -> list[Row]:
        raise Unavailable("lost")

    with pytest.raises(Unavailable, match="lost"):
        await SharedRead(asyncio.create_task(fail())).rows(FAR)


async def test_settling_a_connection_can_be_cancelled(database: str):
    connection = await asyncpg.connect(database)
    settling = asyncio.create_task(settle(connection))
    await asyncio.sleep(0)

    settling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await settling
    assert connection.is_closed()
