"""Looking at every connection once in a while, by one timer for all: a timer each would be a third of what a silent
connection takes."""

from __future__ import annotations

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary, proxy

#: How often each connection is looked at, in seconds.
INTERVAL = 15.0

#: In how many parts, so that no look takes long. A power of two: connections lie at multiples of their size in memory.
PARTS = 16


class Watched(Protocol):
    def look(self) -> None: ...


class Watch:
    """The connections of one event loop. `add` and `remove` are to be called once for each connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = proxy(loop)
        self._parts: tuple[set[Watched], ...] = tuple(set() for _ in range(PARTS))
        self._next = 0
        self._looked = 0.0
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Watched) -> None:
        self._parts[hash(connection) % PARTS].add(connection)
        self._size += 1
        if self._timer is None:
            self._looked = self._loop.time()
            self._schedule()

    def remove(self, connection: Watched) -> None:
        self._parts[hash(connection) % PARTS].remove(connection)
        self._size -= 1
        if not self._size and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = self._loop.call_later(INTERVAL / PARTS, self._look)

    def _look(self) -> None:
        self._schedule()
        now = self._loop.time()
        # A loop that was held up has several parts to look at, but none twice.
        due = min(max(1, int((now - self._looked) / (INTERVAL / PARTS))), PARTS)
        self._looked = now
        for _ in range(due):
            self._next = (self._next + 1) % PARTS
            for connection in tuple(self._parts[self._next]):
                try:
                    connection.look()
                except Exception as error:  # noqa: BLE001
                    # The others are looked at all the same.
                    self._loop.call_exception_handler({"message": "a connection failed", "exception": error})


def watch_of(loop: asyncio.AbstractEventLoop) -> Watch:
    watch = _WATCHES.get(loop)
    if watch is None:
        watch = _WATCHES[loop] = Watch(loop)
    return watch


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()
