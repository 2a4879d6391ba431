"""Reads on threads of their own, each with a connection: the event loop never waits for them.

A read that passes its deadline, or whose caller goes away, is interrupted: it holds a snapshot, and while it does the
write-ahead log cannot be reset.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread, get_native_id
from typing import Any

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage.read_limit import OverBudget, ReadLimit, unanswered
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_errors import translated

Fetch = Callable[[apsw.Cursor], list[Any]]

#: How often an interrupt is repeated until the read has ended, in seconds: one that comes between two of SQLite's
#: steps is lost.
INTERRUPT_EVERY = 0.01


class ReaderPool:
    """A few reader threads, started when they are first needed. `cache`: each connection's page cache, in KiB.
    `on_idle` is called each time no read runs any more. `niceness`: by how much the threads give way to others,
    on Linux, which has it for each thread (sched(7))."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], apsw.Connection],
        threads: int,
        cache: int,
        per_token: int | None = None,
        on_idle: Callable[[], None] = lambda: None,
        niceness: int = 0,
    ) -> None:
        self._name = name
        self._connect = connect
        self._cache = cache
        self._niceness = niceness
        self._limit = ReadLimit(threads, per_token, on_idle)
        self._readers: list[_Reader] = []
        self._idle: list[_Reader] = []

    @property
    def is_idle(self) -> bool:
        return not self._limit.running

    async def run(
        self,
        token: str,
        deadline: float,
        fetch: Fetch,
        sql: str,
        params: tuple[Any, ...],
        budget: float | None = None,
    ) -> list[Any]:
        """The rows of one read, by `deadline` in the loop's time. `budget`: how long it may run, in seconds.

        Raises OverBudget, TooManySlowReads, Unavailable.
        """
        await self._limit.enter(token, deadline)
        loop = asyncio.get_running_loop()
        read = _Read(token, fetch, sql, params, loop.create_future())
        try:
            reader = self._idle.pop() if self._idle else self._start()
        except BaseException:
            # A system that gives no more threads.
            self._limit.leave(token)
            raise
        reader.begin(read)
        end: float = deadline
        error: Callable[[], Exception] = unanswered
        if budget is not None and loop.time() + budget < deadline:
            end, error = loop.time() + budget, OverBudget
        timer = loop.call_at(end, lambda: reader.stop(read, error()))
        try:
            rows: list[Any] = await read.rows
        except asyncio.CancelledError:
            reader.stop(read, unanswered())
            raise
        finally:
            timer.cancel()
        return rows

    def pause(self) -> None:
        """Start no read until `resume`."""
        self._limit.pause()

    def resume(self) -> None:
        self._limit.resume()

    def interrupt(self, error: Unavailable) -> None:
        """End every read that runs."""
        for reader in self._readers:
            if reader.read is not None:
                reader.stop(reader.read, error)

    def refuse(self, error: Unavailable) -> None:
        """End every read that runs or waits, and refuse all that come later."""
        self._limit.refuse(error)
        self.interrupt(error)

    async def close(self) -> None:
        """To be called after `refuse`: wait until every thread has ended, and close their connections."""
        for reader in self._readers:
            await reader.close()

    def _start(self) -> _Reader:
        name = f"sayso-{self._name}-{len(self._readers) + 1}"
        reader = _Reader(name, self._connect, self._cache, self._niceness, self._finish)
        self._readers.append(reader)
        return reader

    def _finish(self, reader: _Reader, read: _Read) -> None:
        self._idle.append(reader)
        self._limit.leave(read.token)


class _Read:
    """One read. `rows` is resolved in the event loop's thread alone."""

    __slots__ = ("fetch", "params", "rows", "sql", "token")

    def __init__(
        self, token: str, fetch: Fetch, sql: str, params: tuple[Any, ...], rows: asyncio.Future[list[Any]]
    ) -> None:
        self.token = token
        self.fetch = fetch
        self.sql = sql
        self.params = params
        self.rows = rows


class _Reader:
    """A thread with its connection; `read` is what it runs now. All but `_work` is for the event loop's thread."""

    def __init__(
        self,
        name: str,
        connect: Callable[[], apsw.Connection],
        cache: int,
        niceness: int,
        finish: Callable[[_Reader, _Read], None],
    ) -> None:
        self.read: _Read | None = None
        self._connect = connect
        self._cache = cache
        self._niceness = niceness
        self._finish = finish
        self._loop = asyncio.get_running_loop()
        self._connection: apsw.Connection | None = None
        self._queue: SimpleQueue[_Read | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def begin(self, read: _Read) -> None:
        self.read = read
        self._queue.put(read)

    def stop(self, read: _Read, error: Exception) -> None:
        """Answer the caller now, and interrupt the read."""
        if not read.rows.done():
            read.rows.set_exception(error)
        self._interrupt(read)

    async def close(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        # Here and not in the thread: `_interrupt` must never meet a connection that is being closed.
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _interrupt(self, read: _Read) -> None:
        if self.read is not read:
            return
        if self._connection is not None:
            self._connection.interrupt()
        self._loop.call_later(INTERRUPT_EVERY, self._interrupt, read)

    def _work(self) -> None:
        if self._niceness and sys.platform == "linux":
            # A sandbox may forbid it: the thread then reads at the usual priority.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, get_native_id(), self._niceness)
        while (read := self._queue.get()) is not None:
            rows: list[Any] | Exception
            try:
                rows = read.fetch(self._opened().execute(dialect(read.sql), read.params))
            except BaseException as error:  # noqa: BLE001
                # Every error: a thread that died would keep its place for ever.
                rows = translated(error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._end, read, rows)

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute(f"PRAGMA cache_size = {-self._cache}")
        return self._connection

    def _end(self, read: _Read, rows: list[Any] | Exception) -> None:
        self.read = None
        if not read.rows.done():
            if isinstance(rows, Exception):
                read.rows.set_exception(rows)
            else:
                read.rows.set_result(rows)
        self._finish(self, read)
