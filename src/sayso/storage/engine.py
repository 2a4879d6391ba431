"""What the features' SQL runs on: an engine per database, the same for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

Row = tuple[Any, ...]

#: What the longest answer may take that anybody waits for, in seconds.
LONGEST = 60.0


class Statement(Struct, frozen=True, gc=False):
    """One write. `guarded`: when it hits no row, all of its transaction is rolled back as Stale; it never hits two.
    `appends`: it adds one row that nothing else looks at, or adds to the number in one, so that it may be run with
    others of its kind in any order.
    `bulk`: it may write any number of rows, so that the event loop must not wait for it."""

    sql: str
    params: tuple[Any, ...]
    guarded: bool = False
    appends: bool = False
    bulk: bool = False


class Engine(Protocol):
    async def read(self, sql: str, *params: Any) -> list[Row]:
        """A read of a bounded handful of rows, by key."""

    async def read_to_change(self, sql: str, *params: Any) -> list[Row]:
        """As `read`, for rows that a change is decided on: it may wait for the changes that are being written."""

    async def read_many(self, sql: str, *params: Any) -> list[Row]:
        """A bounded read of more rows, such as all of one contact's: it never waits behind a `scan`.

        This and those below raise Unavailable at the request's deadline, and are interrupted when they are cancelled.
        """

    async def read_or_scan(self, sql: str, *params: Any) -> list[Row]:
        """A read that is short for most, such as a page of companies: where it takes longer than a
        `read_many` may, it is run again as a `scan`. Not to be used while a lock is held. Raises TooManySlowReads."""

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        """A read that may look at every row of a workspace. Raises TooManySlowReads."""

    async def salvage(self, sql: str, *params: Any) -> list[Row | None]:
        """As `scan`, but None in the place of a row that cannot be decoded."""

    async def data_version(self) -> str | None:
        """The same as before only where nothing was committed since, by any process; None where nobody can tell."""

    def deadline(self) -> float:
        """When the request that is being answered must have its answer, in the loop's time."""

    async def commit(self, statements: Sequence[Statement]) -> None:
        """All statements or none, durable on return. Raises Stale, Unavailable, OutcomeUnknown."""

    def stop_slow_reads(self) -> None:
        """The server is stopping: end every `scan`, and refuse new ones."""

    def limit_waits(self, seconds: float) -> None:
        """The server is stopping: from now on no `commit` waits for longer than this."""

    async def check(self) -> None:
        """Raises Unavailable, with the reason, when a write could not be taken now."""

    async def close(self) -> None: ...
