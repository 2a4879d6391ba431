"""The SQLite engine: point reads inline, writes gathered by one writer thread that commits them together.

Only apsw's own SQLite ever opens the file. WAL with synchronous=FULL: a commit has been synced when it returns.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from sayso.domain.errors import OutcomeUnknown, SaysoError, Stale, Unavailable
from sayso.storage.engine import Row, Statement

Work = tuple[Sequence[Statement], "asyncio.Future[None]"]
Outcome = SaysoError | None

#: Tables with small rows, found by their whole key: stored in the key's own tree, without a second copy of it.
CLUSTERED = frozenset({"contact_keys", "events", "ledger"})

#: A writer of another process is waited for this long, in ms.
BUSY_TIMEOUT = 5_000

#: The log is carried over into the database when it has this many pages.
CHECKPOINT_PAGES = 4_000

MMAP_BYTES = 8 * 1024**3
_PARAMETER = re.compile(r"\$(\d+)")


@cache
def dialect(sql: str) -> str:
    """`$1` as `?1`: SQLite would take `$1` for a name, and number names by first appearance."""
    return _PARAMETER.sub(r"?\1", sql)


def connect(path: Path | str, *, vfs: str | None = None, synchronous: str = "FULL") -> apsw.Connection:
    """One connection with the settings that all of ours have."""
    connection = apsw.Connection(str(path), vfs=vfs, statementcachesize=128)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES}").fetchall()
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


class SqliteEngine:
    """`connect` opens one more connection; `checkpoints` is true in the one process that may checkpoint: the server."""

    def __init__(self, connect: Callable[[], apsw.Connection], *, checkpoints: bool = False) -> None:
        self._connect = connect
        self._reader = connect()
        self._scanner: apsw.Connection | None = None
        self._writer = _Writer(connect, checkpoints=checkpoints)
        self._threads = ThreadPoolExecutor(1, "sayso-writer")
        self._scans = ThreadPoolExecutor(1, "sayso-scanner")
        self._waiting: list[Work] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._trouble: str | None = None

    async def read(self, sql: str, *params: Any) -> list[Row]:
        # Read to the end at once: an open cursor holds its snapshot, and no checkpoint could finish.
        try:
            return self._reader.execute(dialect(sql), params).fetchall()
        except apsw.Error as error:
            raise _translated(error) from error

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        return await asyncio.get_running_loop().run_in_executor(self._scans, self._scan, sql, params)

    def _scan(self, sql: str, params: tuple[Any, ...]) -> list[Row]:
        try:
            if self._scanner is None:
                self._scanner = self._connect()
            return self._scanner.execute(dialect(sql), params).fetchall()
        except apsw.Error as error:
            raise _translated(error) from error

    async def commit(self, statements: Sequence[Statement]) -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._waiting.append((statements, done))
        if self._idle.is_set():
            # Handed over after the requests that are ready by now: they share the sync.
            self._idle.clear()
            loop.call_soon(self._hand_over)
        # Shielded: a caller that goes away does not take back what is being written.
        await asyncio.shield(done)

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        task = loop.run_in_executor(self._threads, self._writer.run, [statements for statements, _ in batch])
        task.add_done_callback(lambda ran: self._answer(batch, ran))

    def _answer(self, batch: list[Work], ran: asyncio.Future[list[Outcome]]) -> None:
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._hand_over)
        else:
            self._idle.set()
        failure = ran.exception()
        outcomes = [OutcomeUnknown(str(failure))] * len(batch) if failure else ran.result()
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():
                continue
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(outcome)
        self._trouble = next((o.message for o in outcomes if isinstance(o, Unavailable)), None)

    async def check(self) -> None:
        """After a failed write, tries one that changes nothing."""
        if self._trouble is not None:
            await self.commit([Statement("UPDATE migrations SET applied_at = applied_at", ())])

    async def close(self) -> None:
        """Finish what was handed over, then let go of the file."""
        await self._idle.wait()
        self._threads.submit(self._writer.close).result()
        self._threads.shutdown()
        self._scans.shutdown()
        if self._scanner is not None:
            self._scanner.close()
        self._reader.close()


class _Writer:
    """What runs on the writer thread: everything that queued up, as one transaction."""

    def __init__(self, connect: Callable[[], apsw.Connection], *, checkpoints: bool) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None
        self._checkpoints = checkpoints
        self._pages = 0

    def run(self, batch: list[Sequence[Statement]]) -> list[Outcome]:
        """An outcome for each: None means synced. An error that ends the transaction acknowledges nobody; each is
        then tried once more alone, except after a failed sync, which is never repeated."""
        try:
            outcomes = self._transact(batch)
        except apsw.Error as error:
            self._abandon()
            if len(batch) == 1 or _lost_a_sync(error):
                return [_translated(error)] * len(batch)
            return [outcome for statements in batch for outcome in self.run([statements])]
        if self._checkpoints and self._pages >= CHECKPOINT_PAGES:
            self._checkpoint()
        return outcomes

    def close(self) -> None:
        if self._connection is not None:
            if self._checkpoints:
                self._checkpoint()
            self._connection.close()

    def _transact(self, batch: list[Sequence[Statement]]) -> list[Outcome]:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_apply(connection, statements) for statements in batch]
        connection.execute("COMMIT")
        return outcomes

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.set_wal_hook(self._committed)
        return self._connection

    def _committed(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        try:
            self._opened().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.Error:
            # The log is whole and will be carried over later; what was acknowledged does not depend on it.
            self._abandon()
        self._pages = 0

    def _abandon(self) -> None:
        """Let go of the connection: the next one reads the file anew, and nothing half done survives."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(force=True)


def _apply(connection: apsw.Connection, statements: Sequence[Statement]) -> Outcome:
    """Run one change. A guarded statement that is not the first needs a savepoint to go back to."""
    if not any(statement.guarded for statement in statements[1:]):
        return _run(connection, statements)
    connection.execute("SAVEPOINT change")
    outcome = _run(connection, statements)
    if outcome is not None:
        connection.execute("ROLLBACK TO change")
    connection.execute("RELEASE change")
    return outcome


def _run(connection: apsw.Connection, statements: Sequence[Statement]) -> Outcome:
    for sql, params, guarded in statements:
        connection.execute(dialect(sql), params)
        if guarded and not connection.changes():
            return Stale("somebody was faster")
    return None


def _lost_a_sync(error: apsw.Error) -> bool:
    lost = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
    return getattr(error, "extendedresult", None) in lost


def _translated(error: apsw.Error) -> Unavailable:
    if isinstance(error, apsw.FullError):
        return Unavailable("The disk is full; nothing was written", retry_after=5)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Unavailable("The database is busy; nothing was written")
    if _lost_a_sync(error):
        return OutcomeUnknown("The disk failed to sync; it is not known whether this was written", retry_after=5)
    return Unavailable(f"The database failed ({type(error).__name__}); nothing was written", retry_after=5)
