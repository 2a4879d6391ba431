"""The SQLite engine: point reads inline, writes gathered, run as one transaction, and committed by one writer thread.

Only apsw's own SQLite ever opens the file. WAL with synchronous=FULL: a commit has been synced when it returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from time import monotonic
from typing import Any

import apsw

from sayso.domain.errors import Unavailable
from sayso.service.patience import answer_by
from sayso.service.reader import READER
from sayso.storage.engine import LONGEST, Row, Statement
from sayso.storage.read_limit import BUDGET, READS_PER_TOKEN, OverBudget
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_errors import translated
from sayso.storage.sqlite_log import RETRY_AFTER, LogRelief
from sayso.storage.sqlite_readers import Fetch, ReaderPool
from sayso.storage.sqlite_writer import Outcome, Writer

Look = tuple[str, tuple[Any, ...], "asyncio.Future[list[Row]]"]
Work = tuple[Sequence[Statement], "asyncio.Future[None]"]
Handed = tuple[asyncio.AbstractEventLoop, list[Work], "list[Outcome] | None", float]

#: Tables whose rows are found by their whole key: stored in the key's own tree, without a second copy of it.
CLUSTERED = frozenset(
    {
        "companies",
        "company_notes",
        "contact_companies",
        "contact_counts",
        "contact_keys",
        "contact_tags",
        "contacts",
        "data_event_moves",
        "data_event_summaries",
        "data_events",
        "events",
        "ledger",
        "merges",
        "note_ids",
        "notes",
        "settings_log",
    }
)

#: A writer of another process is waited for this long, in ms.
BUSY_TIMEOUT = 5_000

#: A batch of at most so many changes, with so many statements, is run by the loop itself, so that the writer has only
#: to commit it. So many statements take a few milliseconds.
SMALL_BATCH, FEW_STATEMENTS = 256, 1_024

#: A log that grew longer than this, while a slow reader held it, is cut back when it starts anew, in bytes.
LOG_BYTES = 64 * 1024**2

#: How many threads there are for bounded reads, and for slow ones.
BOUNDED_READERS, SLOW_READERS = 2, 2

#: What the connection for point reads keeps of the file in memory, in KiB.
READER_CACHE = 64 * 1024

#: What a connection for slow reads keeps: more than the rows of a page's worth of finds that lie far apart.
SLOW_CACHE = 16 * 1024

#: By how much the threads of slow reads give way to others on a busy processor.
SLOW_NICENESS = 10

#: What a connection for bounded reads keeps.
BOUNDED_CACHE = 4 * 1024

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
    """`connect` opens one more connection; `checkpoints` is true in the one process that may checkpoint: the server.
    `timeout`: how long a request's reads may take, in seconds."""

    def __init__(
        self, connect: Callable[[], apsw.Connection], *, checkpoints: bool = False, timeout: float = 5.0
    ) -> None:
        self._timeout = timeout
        self._reader = connect()
        self._reader.execute(f"PRAGMA cache_size = {-READER_CACHE}")
        # Otherwise it looks at values of parameters when it plans, and prepares such a statement anew for each value.
        self._reader.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # One for all: each reads to its end at once, and a new one costs as much as a part of a read.
        self._cursor = self._reader.cursor()
        self._writer = Writer(connect, checkpoints=checkpoints)
        self._handed: SimpleQueue[Handed | Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._write, name="sayso-writer", daemon=True)
        self._thread.start()
        self._bounded = ReaderPool("bounded", connect, BOUNDED_READERS, BOUNDED_CACHE, on_idle=self._relieve_when_idle)
        self._slow = ReaderPool(
            "slow", connect, SLOW_READERS, SLOW_CACHE, READS_PER_TOKEN, self._relieve_when_idle, SLOW_NICENESS
        )
        self._relief = LogRelief(self._writer, self._slow, self._bounded)
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

    async def data_version(self) -> str | None:
        # It tells what other connections committed, of other processes too; this one commits nothing.
        return str(self._rows("PRAGMA data_version", ())[0][0])

    def deadline(self) -> float:
        return answer_by(self._timeout)

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

    async def read_many(self, sql: str, *params: Any) -> list[Row]:
        deadline = self.deadline()
        return await self._bounded.run(READER.get(), deadline, apsw.Cursor.fetchall, sql, params)

    async def read_or_scan(self, sql: str, *params: Any) -> list[Row]:
        token, deadline = READER.get(), self.deadline()
        try:
            return await self._bounded.run(token, deadline, apsw.Cursor.fetchall, sql, params, BUDGET)
        except OverBudget:
            return await self._slow.run(token, deadline, apsw.Cursor.fetchall, sql, params)

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        return await self._slow.run(READER.get(), self.deadline(), apsw.Cursor.fetchall, sql, params)

    async def salvage(self, sql: str, *params: Any) -> list[Row | None]:
        fetch: Fetch = lambda cursor: list(_decoded(cursor))  # noqa: E731
        deadline = answer_by(max(self._timeout, LONGEST))
        return await self._slow.run(READER.get(), deadline, fetch, sql, params)

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
            self._relieve_when_idle()

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
        if self._writer_is_free and _is_small(batch):
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
            self._order_checkpoint()
        elif self._relief.needs_checkpoint():
            self._order_checkpoint(relieves=True)
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

    def _order_checkpoint(self, *, relieves: bool = False) -> None:
        """To be called between batches: until the next one, the writer's connection is its thread's alone. `relieves`:
        reads are paused for it."""
        loop = asyncio.get_running_loop()
        self._writer_is_free = False
        if relieves:
            self._relief.begin_checkpoint()

        def checkpoint() -> None:
            is_complete = self._writer.checkpoint()
            if relieves:
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(self._end_relief, is_complete)

        self._handed.put(checkpoint)

    def _end_relief(self, is_complete: bool) -> None:
        if self._relief.end_checkpoint(is_complete=is_complete):
            asyncio.get_running_loop().call_later(RETRY_AFTER, self._retry_relief)

    def _retry_relief(self) -> None:
        self._relief.retry()
        self._relieve_when_idle()

    def _relieve_when_idle(self) -> None:
        """Between batches that come there is an answer to do it; without any there is nothing else that would."""
        if self._relief.is_active and self._idle.is_set() and not self._closed and self._relief.needs_checkpoint():
            self._order_checkpoint(relieves=True)

    def stop_slow_reads(self) -> None:
        self._slow.refuse(Unavailable("The server is stopping; try again"))

    def limit_waits(self, seconds: float) -> None:
        self._writer.last = monotonic() + seconds

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
        closed = Unavailable("The database is closed")
        self._bounded.refuse(closed)
        self._slow.refuse(closed)
        await self._idle.wait()
        self._end_snapshot()
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)
        await self._bounded.close()
        await self._slow.close()
        self._reader.close()


def _is_small(batch: list[Work]) -> bool:
    """Whether a batch is run so soon that nobody notices that the loop waits for it."""
    if len(batch) > SMALL_BATCH or sum(len(statements) for statements, _ in batch) > FEW_STATEMENTS:
        return False
    return not any(statement.bulk for statements, _ in batch for statement in statements)


def _decoded(cursor: apsw.Cursor) -> Iterator[Row | None]:
    """SQLite takes any bytes for text; a row whose text is none comes as None, and the cursor goes on after it."""
    while True:
        try:
            yield next(cursor)
        except StopIteration:
            return
        except UnicodeDecodeError:
            yield None
