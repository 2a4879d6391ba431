"""Read, decide, commit, and again when somebody was faster."""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from collections.abc import Awaitable, Callable, Iterator
from random import uniform
from typing import TypeVar

from sayso.domain.errors import Stale, Unavailable
from sayso.service.patience import PATIENCE, WAITING_SINCE

#: How many tries follow each other at once. Within a process acts queue, so who needs more has other processes beside
#: it that all want the same row.
TRIES = 5

#: How long the pauses between later tries are at most, in seconds: the first one, and any.
SHORTEST, LONGEST = 0.002, 0.032

D = TypeVar("D")


async def decided(decide: Callable[[], Awaitable[D | None]], commit: Callable[[D], Awaitable[None]]) -> D | None:
    """`decide` reads and decides; None means that nothing is to be written.

    Raises Unavailable when every try was stale for as long as an answer may take, nothing written.
    """
    pauses: Iterator[float] | None = None
    while (change := await decide()) is not None:
        try:
            await commit(change)
        except Stale:
            pauses = pauses or _pauses()
            await _rest(next(pauses, None))
            continue
        return change
    return None


def _pauses() -> Iterator[float]:
    """How long to wait before each further try, in seconds. By chance, so that rivals do not meet again."""
    yield from (0.0,) * (TRIES - 1)
    loop, since, longest = get_running_loop(), WAITING_SINCE.get(), SHORTEST
    until = (loop.time() if since is None else since) + PATIENCE
    while loop.time() < until:
        yield uniform(SHORTEST / 2, longest)  # noqa: S311
        longest = min(2 * longest, LONGEST)


async def _rest(pause: float | None) -> None:
    if pause is None:
        raise Unavailable("Too many changes at once; nothing was written, try again")
    if pause:
        await sleep(pause)
