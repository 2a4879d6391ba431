"""The event loop's clock, in a test's hands."""

from __future__ import annotations

import asyncio


class LoopClock:
    """The running loop's clock. After `advance`, whatever waited for one of the seconds skipped goes on at once."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._time, self._ahead = loop.time, 0.0
        loop.time = self.time  # type: ignore[method-assign]

    def time(self) -> float:
        return self._time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds
