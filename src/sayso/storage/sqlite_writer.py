"""The writer: everything that queued up, as one transaction, and the log carried over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from operator import attrgetter
from time import monotonic
from typing import Any, TypeVar

import apsw

from sayso.domain.errors import Stale
from sayso.storage.engine import Row, Statement
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_errors import lost_a_sync, translated

Outcome = Exception | None
Done = TypeVar("Done")

#: The log is carried over into the database when it has this many pages.
CHECKPOINT_PAGES = 4_000

#: What the connection for writing keeps of the file in memory, in KiB.
WRITER_CACHE = 16 * 1024

#: How long another process' writer is waited for before the deadline is looked at again, in seconds.
SLICE = 0.1


class Writer:
    """The connection for writing: everything that queued up is one transaction. The event loop runs its statements
    where nothing has to be waited for; the writer thread runs the others and commits."""

    def __init__(self, connect: Callable[[], apsw.Connection], *, checkpoints: bool) -> None:
        self._connect = connect
        self._connection: apsw.Connection | None = None
        self.checkpoints = checkpoints
        #: Until when another process' writer is waited for at all; set by the event loop when the server stops.
        self.last = inf
        self._pages = 0
        self._due = CHECKPOINT_PAGES

    def look(self, reads: list[tuple[str, tuple[Any, ...]]]) -> list[list[Row]] | None:
        """The rows of each, read in the transaction of the batch to come; None when that cannot be begun now."""
        return self._at_once(partial(_read_all, reads))

    def begin(self, batch: list[Sequence[Statement]]) -> list[Outcome] | None:
        """Run a batch up to its commit, without waiting for anybody; None when it must be run from its beginning."""
        return self._at_once(partial(_apply_all, batch))

    def _at_once(self, work: Callable[[apsw.Connection], Done]) -> Done | None:
        connection = self._connection
        if connection is None:
            return None
        try:
            _begin(connection, 0)
            return work(connection)
        except apsw.BusyError:
            return None
        except UnicodeDecodeError:
            # One row's fault, not the connection's.
            self.leave()
            return None
        except Exception:  # noqa: BLE001
            self._abandon()
            return None

    def leave(self) -> None:
        """Go out of a transaction that nothing was written in."""
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001
            self._abandon()

    def run(
        self, batch: list[Sequence[Statement]], deadline: float, begun: list[Outcome] | None = None
    ) -> list[Outcome]:
        """An outcome for each: None means synced. `deadline`: until when another process' writer is waited for.

        An error that ends the transaction acknowledges nobody; each change is then tried once more alone,
        except after a failed sync, which is never repeated.
        """
        outcomes: list[Outcome] = []
        try:
            connection = self._opened()
            if begun is None:
                self._begin_by(connection, deadline)
                outcomes.extend(_apply_all(batch, connection))
            else:
                outcomes.extend(begun)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001
            self._abandon()
            if len(batch) == 1 or lost_a_sync(error):
                committing = len(outcomes) == len(batch)
                return [translated(error, committing=committing) for _ in batch]
            return [outcome for statements in batch for outcome in self.run([statements], deadline)]
        return outcomes

    def _begin_by(self, connection: apsw.Connection, deadline: float) -> None:
        """In slices, since SQLite's own wait cannot be cut short. Raises BusyError."""
        while True:
            left = min(deadline, self.last) - monotonic()
            try:
                _begin(connection, max(0, int(min(left, SLICE) * 1000)))
            except apsw.BusyError:
                if left <= SLICE:
                    raise
            else:
                return

    @property
    def is_due(self) -> bool:
        """Whether the log is long, and it is ours to carry it over."""
        return self.checkpoints and self._pages >= self._due

    def close(self) -> None:
        if self.checkpoints and self._connection is not None:
            self.checkpoint()
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

    @property
    def log_pages(self) -> int:
        """How many pages the log had after the last commit."""
        return self._pages

    def checkpoint(self) -> bool:
        """Carry over what no reader still needs, waiting for none: after all of it, the log starts anew by itself.
        Whether that was all of it."""
        try:
            pages, carried = self._opened().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except Exception:  # noqa: BLE001
            # The log is whole and will be carried over later; what was acknowledged does not depend on it.
            pages, carried = self._pages, -1
            self._abandon()
        # Held up by a reader or a full disk: no use in trying again after each commit.
        self._due = CHECKPOINT_PAGES if pages == carried else pages + CHECKPOINT_PAGES // 4
        return pages == carried

    def _abandon(self) -> None:
        """Let go of the connection: the next one reads the file anew, and nothing half done survives."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close(force=True)


def _begin(connection: apsw.Connection, patience: int) -> None:
    """`patience`: how long another process' writer is waited for, in ms. What was read before goes on."""
    connection.set_busy_timeout(patience)
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")


def _read_all(reads: list[tuple[str, tuple[Any, ...]]], connection: apsw.Connection) -> list[list[Row]]:
    cursor = connection.cursor()
    return [cursor.execute(dialect(sql), params).fetchall() for sql, params in reads]


def _apply_all(batch: list[Sequence[Statement]], connection: apsw.Connection) -> list[Outcome]:
    """Run changes: those that are made of the same statements together, a statement at a time. Where one of them
    turns out stale, all is taken back and run again, one change after the other."""
    cursor = connection.cursor()
    outcomes: list[Outcome] = [None] * len(batch)
    for places in _alike(batch).values():
        if len(places) == 1 or not _may_be_together(batch[places[0]]):
            for place in places:
                outcomes[place] = _apply(cursor, batch[place])
        elif not _apply_together(cursor, [batch[place] for place in places]):
            cursor.execute("ROLLBACK")
            cursor.execute("BEGIN IMMEDIATE")
            return [_apply(cursor, statements) for statements in batch]
    return outcomes


_SQL, _PARAMS, _GUARDED = attrgetter("sql"), attrgetter("params"), attrgetter("guarded")


def _alike(batch: list[Sequence[Statement]]) -> dict[tuple[str, ...], list[int]]:
    """The places of changes by what they are made of."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, statements in enumerate(batch):
        found.setdefault(tuple(map(_SQL, statements)), []).append(place)
    return found


def _may_be_together(statements: Sequence[Statement]) -> bool:
    """Whether each statement writes one row, so that their number tells whether all were written."""
    return all(statement.guarded or statement.appends for statement in statements)


def _apply_together(cursor: apsw.Cursor, changes: list[Sequence[Statement]]) -> bool:
    """Run changes that are made of the same statements; false where one of them wrote nothing."""
    connection = cursor.connection
    for statements in zip(*changes, strict=True):
        before = connection.total_changes()
        cursor.executemany(dialect(statements[0].sql), map(_PARAMS, statements))
        if connection.total_changes() - before != len(changes):
            return False
    return True


def _apply(cursor: apsw.Cursor, statements: Sequence[Statement]) -> Outcome:
    """Run one change. A guarded statement that is not the first needs a savepoint to go back to."""
    if not any(map(_GUARDED, statements[1:])):
        return _run(cursor, statements)
    cursor.execute("SAVEPOINT change")
    outcome = _run(cursor, statements)
    if outcome is not None:
        cursor.execute("ROLLBACK TO change")
    cursor.execute("RELEASE change")
    return outcome


def _run(cursor: apsw.Cursor, statements: Sequence[Statement]) -> Outcome:
    for statement in statements:
        cursor.execute(dialect(statement.sql), statement.params)
        if statement.guarded and not cursor.connection.changes():
            return Stale("somebody was faster")
    return None
