"""Read, decide, commit, and again when somebody was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sayso.domain.errors import Stale, Unavailable

TRIES = 5

D = TypeVar("D")


async def decided(decide: Callable[[], Awaitable[D | None]], commit: Callable[[D], Awaitable[None]]) -> D | None:
    """`decide` reads and decides; None means that nothing is to be written.

    Raises Unavailable after five stale tries, nothing written.
    """
    for _ in range(TRIES):
        change = await decide()
        if change is None:
            return None
        try:
            await commit(change)
        except Stale:
            continue
        return change
    raise Unavailable("Too many changes at once; nothing was written, try again")
