"""The SQLite engine: point reads inline, writes gathered, run as one transaction, and committed by one writer thread.

Only apsw's own SQLite ever opens the file. WAL with synchronous=FULL: a commit has been synced when it returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from time import monotonic
from typing import Any

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage.engine import Row, Statement
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_errors import translated
from sayso.storage.sqlite_writer import Outcome, Writer

Look = tuple[str, tuple[Any, ...], "asyncio.Future[list[Row]]"]
Work = tuple[Sequence[Statement], "asyncio.Future[None]"]
Handed = tuple[asyncio.AbstractEventLoop, list[Work], "list[Outcome] | None", float]

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

#: A batch of at most so many changes is run by the loop itself, so that the writer has only to commit it.
SMALL_BATCH = 256

#: A log that grew longer than this, while a slow reader held it, is cut back when it starts anew, in bytes.
LOG_BYTES = 64 * 1024**2

#: What the connection for point reads keeps of the file in memory, in KiB.
READER_CACHE = 64 * 1024

#: What the connection for long reads keeps: more than the rows of a page's worth of finds that lie far apart.
SCANNER_CACHE = 16 * 1024

# A table of its own: an update that changes no byte would write nothing, and so prove nothing.
_TAKE_ROOM = (
    Statement("CREATE TABLE IF NOT EXISTS room (bytes BLOB)", ()),
    Statement("INSERT INTO room VALUES (zeroblob(32768))", ()),
)
_GIVE_ROOM_BACK = (Statement("DROP TABLE IF EXISTS room", ()),)


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
        # Otherwise it looks at values of parameters when it plans, and prepares such a statement anew for each value.
        self._reader.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # One for all: each reads to its end at once, and a new one costs as much as a part of a read.
        self._cursor = self._reader.cursor()
        self._scanner: apsw.Connection | None = None
        self._writer = Writer(connect, checkpoints=checkpoints)
        self._handed: SimpleQueue[Handed | Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._write, name="sayso-writer", daemon=True)
        self._thread.start()
        self._scans = ThreadPoolExecutor(1, "sayso-scanner")
        self._looking: list[Look] = []
        self._waiting: list[Work] = []
        self._deadline = 0.0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._writer_is_free = False
        self._taken = Semaphore(0)
        self._trouble: str | None = None
        self._snapshot = False

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return self._rows(sql, params)

    def _rows(self, sql: str, params: tuple[Any, ...]) -> list[Row]:
        # Read to the end at once: an open cursor holds its snapshot, and no checkpoint could finish.
        try:
            if not self._snapshot:
                self._begin_snapshot()
            return self._cursor.execute(dialect(sql), params).fetchall()
        except apsw.Error as error:
            raise translated(error) from error

    async def read_to_change(self, sql: str, *params: Any) -> list[Row]:
        # Not behind what may take long: another process' writer, or a checkpoint.
        if self._closed or not self._writer_is_free:
            return await self.read(sql, *params)
        done = asyncio.get_running_loop().create_future()
        self._looking.append((sql, params, done))
        self._wake()
        found: list[Row] = await done
        return found

    def _begin_snapshot(self) -> None:
        """The reads of one tick of the loop share a snapshot: a lock taken for each would cost as much as the read."""
        self._cursor.execute("BEGIN")
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
                self._scanner.execute(f"PRAGMA cache_size = {-SCANNER_CACHE}")
            return fetch(self._scanner.execute(dialect(sql), params))
        except apsw.Error as error:
            raise translated(error) from error

    async def commit(self, statements: Sequence[Statement]) -> None:
        if self._closed:
            raise Unavailable("The database is closed; nothing was written")
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._waiting:
            self._deadline = monotonic() + BUSY_TIMEOUT / 1000
        self._waiting.append((statements, done))
        self._wake()
        # A caller that goes away cancels this wait, and does not take back what is being written.
        await done

    def _wake(self) -> None:
        if self._idle.is_set():
            # After the requests that are ready by now: they share the sync.
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._looking:
            self._look()
            # After those that decide now: their changes are written in the transaction that they have read in.
            asyncio.get_running_loop().call_soon(self._hand_over)
        elif self._waiting:
            self._hand_over()
        else:
            self._idle.set()

    def _look(self) -> None:
        looking, self._looking = [look for look in self._looking if not look[2].done()], []
        found = self._writer.look([(sql, params) for sql, params, _ in looking]) if self._writer_is_free else None
        for place, (sql, params, done) in enumerate(looking):
            try:
                done.set_result(self._rows(sql, params) if found is None else found[place])
            except Exception as error:  # noqa: BLE001
                done.set_exception(error)

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            if self._writer_is_free:
                self._writer.leave()
            self._go_on()
            return
        outcomes = None
        if self._writer_is_free and len(batch) <= SMALL_BATCH:
            # Here, because the two threads would take turns at the interpreter for each statement.
            outcomes = self._writer.begin([statements for statements, _ in batch])
        if outcomes is None:
            self._writer_is_free = False
            # What came meanwhile does not wait for it.
            self._look()
        self._handed.put((asyncio.get_running_loop(), batch, outcomes, self._deadline))
        if outcomes is not None:
            # The writer goes first: it waits for the disk while the loop goes on. Without this it would wait for the
            # interpreter until the loop has nothing to do, and then both would wait for the disk.
            self._taken.acquire()

    def _write(self) -> None:
        """The writer thread: one batch after the other, until there is nothing more to come."""
        while (handed := self._handed.get()) is not None:
            if callable(handed):
                handed()
                continue
            loop, batch, begun, deadline = handed
            if begun is not None:
                self._taken.release()
            outcomes = self._writer.run([statements for statements, _ in batch], deadline, begun)
            is_free = not self._writer.is_due
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._answer, batch, outcomes, is_free)
        self._writer.close()

    def _answer(self, batch: list[Work], outcomes: list[Outcome], is_free: bool) -> None:
        self._writer_is_free = is_free
        # Whoever waited for these changes reads them.
        self._end_snapshot()
        if not is_free:
            # After the snapshot: what an older one holds back of the log would be left for later, the rest carried over
            # without a sync, and SQLite does not carry that over again when the later sync fails.
            self._handed.put(self._writer.checkpoint)
        # Before the answers: they are made while the disk is waited for.
        self._go_on()
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


def _decoded(cursor: apsw.Cursor) -> Iterator[Row | None]:
    """SQLite takes any bytes for text; a row whose text is none comes as None, and the cursor goes on after it."""
    while True:
        try:
            yield next(cursor)
        except StopIteration:
            return
        except UnicodeDecodeError:
            yield None
