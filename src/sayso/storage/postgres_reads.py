"""Reads that may be given up: the query is cancelled, and its connection goes on being used."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncpg import Connection

from sayso.domain.errors import Unavailable
from sayso.storage.engine import Row
from sayso.storage.read_limit import OverBudget, unanswered

#: How long the server may take to end a query that was cancelled, before its connection is given up, in seconds.
CANCEL_WITHIN = 1.0


# Connections are set up for look-ups by key. For one transaction alone, since others use the connection too.
_BEGIN_SCAN = """BEGIN READ ONLY;
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_bitmapscan = on"""


class SharedRead:
    """The answer of a task that reads. Who waits for it is answered at the deadline, however long the task takes to
    end."""

    def __init__(self, read: asyncio.Task[list[Row]]) -> None:
        self._read = read
        # Not a shield of the task: only a future of our own can end with an error while the task goes on, and a
        # cancellation that comes at the same moment then still reaches the caller.
        self._rows: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        read.add_done_callback(self._finish)

    async def rows(self, deadline: float) -> list[Row]:
        """Raises Unavailable at the deadline, in the loop's time."""
        timer = asyncio.get_running_loop().call_at(deadline, lambda: self.end(unanswered()))
        try:
            return await self._rows
        finally:
            timer.cancel()
            self._read.cancel()

    def end(self, error: Unavailable) -> None:
        """Answer with an error now, and cancel the query."""
        if not self._rows.done():
            self._rows.set_exception(error)

    def _finish(self, read: asyncio.Task[list[Row]]) -> None:
        error = None if read.cancelled() else read.exception()
        if self._rows.done():
            return
        if read.cancelled():
            self._rows.cancel()
        elif error is not None:
            self._rows.set_exception(error)
        else:
            self._rows.set_result(read.result())


async def fetch(sql: str, params: tuple[Any, ...], connection: Connection) -> list[Row]:
    rows: list[Row] = await connection.fetch(sql, *params)
    return rows


async def fetch_scanning(sql: str, params: tuple[Any, ...], connection: Connection) -> list[Row]:
    """As `fetch`, but planned for these values, and by scans of whole tables where that is best."""
    await connection.execute(_BEGIN_SCAN)
    try:
        rows = await fetch(sql, params, connection)
    except Exception:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    # It has written nothing.
    await connection.execute("ROLLBACK")
    return rows


async def fetch_within(budget: float, sql: str, params: tuple[Any, ...], connection: Connection) -> list[Row]:
    """`budget`: how long the query may run, in seconds. Raises OverBudget."""
    try:
        async with asyncio.timeout(budget):
            return await fetch(sql, params, connection)
    except TimeoutError:
        await settle(connection)
        raise OverBudget from None


async def settle(connection: Connection) -> None:
    """Wait until the server has ended a query that was cancelled: asyncpg has the next query wait for that. Otherwise
    the next borrower would wait, and its deadline would be blamed on the database. Ends the query's transaction."""
    try:
        async with asyncio.timeout(CANCEL_WITHIN):
            await connection.execute("ROLLBACK" if connection.is_in_transaction() else "SELECT 1")
    except Exception:  # noqa: BLE001
        connection.terminate()
    except BaseException:
        connection.terminate()
        raise
