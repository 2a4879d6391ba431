"""The SQLite engine: point reads inline, writes gathered by one writer thread that commits them together.

Only apsw's own SQLite ever opens the file. WAL with synchronous=FULL: a commit has been synced when it returns.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

import apsw

from sayso.domain.errors import OutcomeUnknown, Stale, Unavailable
from sayso.storage.engine import Row, Statement

Work = tuple[Sequence[Statement], "asyncio.Future[None]"]
Outcome = Exception | None

#: Tables whose rows are found by their whole key: stored in the key's own tree, without a second copy of it.
CLUSTERED = frozenset(
    {
        "companies",
        "contact_companies",
        "contact_keys",
        "contact_tags",
        "contacts",
        "data_event_summaries",
        "data_events",
        "events",
        "ledger",
        "merges",
        "note_ids",
        "notes",
    }
)

#: A writer of another process is waited for this long, in ms.
BUSY_TIMEOUT = 5_000

#: The log is carried over into the database when it has this many pages.
CHECKPOINT_PAGES = 4_000

#: A log that grew longer than this, while a slow reader held it, is cut back when it starts anew, in bytes.
LOG_BYTES = 64 * 1024**2

#: What the connections for point reads and for writing keep of the file in memory, in KiB.
READER_CACHE = 64 * 1024
WRITER_CACHE = 16 * 1024

# A table of its own: an update that changes no byte would write nothing, and so prove nothing.
_TAKE_ROOM = (
    Statement("CREATE TABLE IF NOT EXISTS room (bytes BLOB)", ()),
    Statement("INSERT INTO room VALUES (zeroblob(32768))", ()),
)
_GIVE_ROOM_BACK = (Statement("DROP TABLE IF EXISTS room", ()),)

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
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}").fetchall()
    # Not mapped: each commit would map it anew for the readers, and a page that cannot be read would end the process.
    connection.execute("PRAGMA mmap_size = 0").fetchall()
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


class SqliteEngine:
    """`connect` opens one more connection; `checkpoints` is true in the one process that may checkpoint: the server."""

    def __init__(self, connect: Callable[[], apsw.Connection], *, checkpoints: bool = False) -> None:
        self._connect = connect
        self._reader = connect()
        self._reader.execute(f"PRAGMA cache_size = {-READER_CACHE}")
        self._scanner: apsw.Connection | None = None
        self._writer = _Writer(connect, checkpoints=checkpoints)
        self._handed: SimpleQueue[tuple[asyncio.AbstractEventLoop, list[Work], float] | None] = SimpleQueue()
        self._thread = Thread(target=self._write, name="sayso-writer", daemon=True)
        self._thread.start()
        self._scans = ThreadPoolExecutor(1, "sayso-scanner")
        self._waiting: list[Work] = []
        self._deadline = 0.0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._trouble: str | None = None
        self._snapshot = False

    async def read(self, sql: str, *params: Any) -> list[Row]:
        # Read to the end at once: an open cursor holds its snapshot, and no checkpoint could finish.
        try:
            if not self._snapshot:
                self._begin_snapshot()
            return self._reader.execute(dialect(sql), params).fetchall()
        except apsw.Error as error:
            raise _translated(error) from error

    def _begin_snapshot(self) -> None:
        """The reads of one tick of the loop share a snapshot: a lock taken for each would cost as much as the read."""
        self._reader.execute("BEGIN")
        self._snapshot = True
        asyncio.get_running_loop().call_soon(self._end_snapshot)

    def _end_snapshot(self) -> None:
        if self._snapshot:
            self._snapshot = False
            # A read that failed may have ended it, or may fail again.
            with suppress(apsw.Error):
                if self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        return await self._beside(apsw.Cursor.fetchall, sql, params)

    async def salvage(self, sql: str, *params: Any) -> list[Row | None]:
        return await self._beside(lambda cursor: list(_decoded(cursor)), sql, params)

    async def _beside(self, fetch: Callable[[apsw.Cursor], list[Any]], sql: str, params: tuple[Any, ...]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(self._scans, self._scan, fetch, sql, params)

    def _scan(self, fetch: Callable[[apsw.Cursor], list[Any]], sql: str, params: tuple[Any, ...]) -> list[Any]:
        try:
            if self._scanner is None:
                self._scanner = self._connect()
            return fetch(self._scanner.execute(dialect(sql), params))
        except apsw.Error as error:
            raise _translated(error) from error

    async def commit(self, statements: Sequence[Statement]) -> None:
        if self._closed:
            raise Unavailable("The database is closed; nothing was written")
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._waiting:
            self._deadline = monotonic() + BUSY_TIMEOUT / 1000
        self._waiting.append((statements, done))
        if self._idle.is_set():
            # Handed over after the requests that are ready by now: they share the sync.
            self._idle.clear()
            loop.call_soon(self._hand_over)
        # A caller that goes away cancels this wait, and does not take back what is being written.
        await done

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        self._handed.put((asyncio.get_running_loop(), batch, self._deadline))

    def _write(self) -> None:
        """The writer thread: one batch after the other, until there is nothing more to come."""
        while (handed := self._handed.get()) is not None:
            loop, batch, deadline = handed
            outcomes = self._writer.run([statements for statements, _ in batch], deadline)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._answer, batch, outcomes)
            self._writer.tidy()
        self._writer.close()

    def _answer(self, batch: list[Work], outcomes: list[Outcome]) -> None:
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._hand_over)
        else:
            self._idle.set()
        # Whoever waited for these changes reads them.
        self._end_snapshot()
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():
                continue
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(outcome)
        self._trouble = next((o.message for o in outcomes if isinstance(o, Unavailable)), None)

    async def check(self) -> None:
        """After a failed write, tries one that is as large as most, and takes it back."""
        if self._trouble is not None:
            await self.commit(_TAKE_ROOM)
            await self.commit(_GIVE_ROOM_BACK)

    async def close(self) -> None:
        """Finish what was handed over, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        self._end_snapshot()
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)
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
        self._due = CHECKPOINT_PAGES

    def run(self, batch: list[Sequence[Statement]], deadline: float) -> list[Outcome]:
        """An outcome for each: None means synced. `deadline`: until when another process' writer is waited for.

        An error that ends the transaction acknowledges nobody; each change is then tried once more alone,
        except after a failed sync, which is never repeated.
        """
        outcomes: list[Outcome] = []
        try:
            connection = self._opened()
            connection.set_busy_timeout(max(0, int((deadline - monotonic()) * 1000)))
            connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(_apply(connection, statements) for statements in batch)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001
            self._abandon()
            if len(batch) == 1 or _lost_a_sync(error):
                committing = len(outcomes) == len(batch)
                return [_translated(error, committing=committing) for _ in batch]
            return [outcome for statements in batch for outcome in self.run([statements], deadline)]
        return outcomes

    def tidy(self) -> None:
        """After everybody was answered: carry the log over, if it is long and that is ours to do."""
        if self._checkpoints and self._pages >= self._due:
            self._checkpoint()

    def close(self) -> None:
        if self._checkpoints and self._connection is not None:
            self._checkpoint()
        self._abandon()

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute(f"PRAGMA cache_size = {-WRITER_CACHE}")
            self._connection.set_wal_hook(self._committed)
        return self._connection

    def _committed(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Carry over what no reader still needs, waiting for none: after all of it, the log starts anew by itself."""
        try:
            pages, carried = self._opened().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except Exception:  # noqa: BLE001
            # The log is whole and will be carried over later; what was acknowledged does not depend on it.
            pages, carried = self._pages, -1
            self._abandon()
        # Held up by a reader or a full disk: no use in trying again after each commit.
        self._due = CHECKPOINT_PAGES if pages == carried else pages + CHECKPOINT_PAGES // 4

    def _abandon(self) -> None:
        """Let go of the connection: the next one reads the file anew, and nothing half done survives."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close(force=True)


def _decoded(cursor: apsw.Cursor) -> Iterator[Row | None]:
    """SQLite takes any bytes for text; a row whose text is none comes as None, and the cursor goes on after it."""
    while True:
        try:
            yield next(cursor)
        except StopIteration:
            return
        except UnicodeDecodeError:
            yield None


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


def _lost_a_sync(error: BaseException) -> bool:
    lost = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
    return getattr(error, "extendedresult", None) in lost


def _translated(error: BaseException, *, committing: bool = False) -> Exception:
    """What a caller is told. A fault of our own, such as a value no column takes, stays what it is."""
    if isinstance(error, apsw.FullError):
        return Unavailable("The disk is full; nothing was written", retry_after=5)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Unavailable("The database is busy; nothing was written")
    if _lost_a_sync(error):
        return OutcomeUnknown("The disk failed to sync; it is not known whether this was written", retry_after=5)
    name = type(error).__name__
    if committing:
        return OutcomeUnknown(f"The database failed ({name}); it is not known whether this was written", retry_after=5)
    if isinstance(error, apsw.Error) or not isinstance(error, Exception):
        return Unavailable(f"The database failed ({name}); nothing was written", retry_after=5)
    return error
