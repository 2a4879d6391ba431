"""Rows in pages, read on past those that cannot be read."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

Row = TypeVar("Row")
Key = TypeVar("Key", str, bytes)


async def pages(
    read: Callable[[Key, int], Awaitable[Sequence[Row]]],
    key: Callable[[Row], Key | None],
    first: Key,
    size: int,
    pause: float = 0,
) -> AsyncIterator[Sequence[Row]]:
    """Every row once, in the order of keys. `read` gets a key and how many rows to read after it; `key` gives a row's
    key, None for a row that cannot be read. `pause`: between two reads, in seconds."""
    after, limit = first, size
    while True:
        rows = await read(after, limit)
        if len(rows) < limit:
            yield rows
            return
        keys = [(at, found) for at, row in enumerate(rows) if (found := key(row)) is not None]
        if keys:
            # Rows after the last readable one come again with the next page.
            last, after = keys[-1]
            yield rows[: last + 1]
            limit = size
        else:
            # The next page begins after a key, and none is known here: read on to a row that has one.
            limit *= 2
        await sleep(pause)
