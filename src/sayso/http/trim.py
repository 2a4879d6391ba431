"""Memory given back to the system after a burst of connections: the C library keeps what was freed in its heap, and
Python keeps some freed tuples and the like, each of which can hold a whole arena of memory."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from time import perf_counter

#: What a connection takes, in bytes, roughly: without TLS, and with it, during the handshake and after it.
PER_CONNECTION = 3_000
PER_TLS_CONNECTION = 54_000

#: By how many bytes what is held must have fallen, to half of what it was or less.
FALL = 2 * 1024 * 1024

#: How often at most, in seconds: each time takes some milliseconds.
EVERY = 10.0

#: How much longer than the last collection took the next one waits. A collection takes longer the more a server keeps,
#: up to tenths of a second, and whoever can open connections can ask for one.
REST = 100


class Trim:
    """Is told now and then what connections hold, and gives memory back once that has fallen far."""

    def __init__(
        self, give_back: Callable[[], object] | None = None, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._give_back = give_back or _giver()
        self._clock = clock
        self._peak = 0
        self._not_before = 0.0

    def look(self, held: int, now: float) -> None:
        """`held`: what connections and unfinished requests hold, in bytes, roughly. `now` is in seconds, by any clock
        that only rises."""
        self._peak = max(self._peak, held)
        if self._peak - held >= max(FALL, held) and now >= self._not_before:
            began = self._clock()
            self._give_back()
            self._peak, self._not_before = held, now + max(EVERY, REST * (self._clock() - began))


def _giver() -> Callable[[], object]:
    """Empties Python's lists of freed objects, and then calls glibc's malloc_trim where there is one."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None

    def give_back() -> None:
        # Only a full collection empties them. It leaves out what was there at the start, which is frozen.
        gc.collect()
        if trim is not None:
            trim(0)

    return give_back
