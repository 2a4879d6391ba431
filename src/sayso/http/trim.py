"""Memory given back to the system after a burst of connections: the C library keeps what was freed in its heap."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

#: What a connection takes, in bytes, roughly.
PER_CONNECTION = 3_000

#: By how many bytes what is held must have fallen, to half of what it was or less.
FALL = 2 * 1024 * 1024

#: How often at most, in seconds: each time takes some milliseconds.
EVERY = 10.0


class Trim:
    """Is told now and then what connections hold, and gives memory back once that has fallen far."""

    def __init__(self, give_back: Callable[[], object] | None = None) -> None:
        self._give_back = give_back or _of_c_library()
        self._peak = 0
        self._not_before = 0.0

    def look(self, connections: int, unfinished: int, now: float) -> None:
        """`unfinished` are the bytes of unfinished requests; `now` is in seconds, by any clock that only rises."""
        held = connections * PER_CONNECTION + unfinished
        self._peak = max(self._peak, held)
        if self._peak - held >= max(FALL, held) and now >= self._not_before:
            self._peak, self._not_before = held, now + EVERY
            self._give_back()


def _of_c_library() -> Callable[[], object]:
    """glibc's malloc_trim; nothing where there is none."""
    if sys.platform != "linux":
        return lambda: None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return (lambda: None) if trim is None else lambda: trim(0)
