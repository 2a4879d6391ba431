"""What a migration computes in code: rows that SQL alone cannot make, in batches, on any engine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from sayso.storage.engine import Row

T = TypeVar("T")


class Batch(Protocol):
    """One transaction of a migration. The batches of a migration follow each other, also after a kill in between."""

    @property
    def place(self) -> str:
        """What the batch before returned; "" in the first one."""

    @property
    def limit(self) -> int:
        """How many rows to work on at most."""

    @property
    def now(self) -> int:
        """When the migration began, in ms since the epoch: the same in each batch, also after a kill."""

    async def read(self, sql: str, *params: Any) -> list[Row]:
        """All rows of a SELECT with parameters $1, $2 and so on."""

    async def write(self, sql: str, rows: Sequence[Row]) -> None:
        """Run one statement with the parameters of each row."""


#: Does one batch, and returns how far it came, or None when nothing is left to do. Servers of the version before may
#: be writing meanwhile, so a statement must not overwrite what they wrote.
Backfill = Callable[[Batch], Coroutine[Any, Any, str | None]]


async def read_rows(batch: Batch, sql: str, start: tuple[Any, ...], limit: int, skip: int) -> list[Row | None]:
    """The rows of a SELECT whose last two parameters are LIMIT and OFFSET, after those of `start`; None for each that
    cannot be read."""
    try:
        return list(await batch.read(sql, *start, limit, skip))
    except UnicodeDecodeError:
        rows: list[Row | None] = []
        while len(rows) < limit:
            try:
                found = await batch.read(sql, *start, 1, skip + len(rows))
            except UnicodeDecodeError:
                rows.append(None)
                continue
            if not found:
                break
            rows += found
        return rows


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as on SQLite, where each read and write is done when it returns."""
    try:
        work.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    work.close()
    raise RuntimeError("the backfill waited for something other than its batch")
