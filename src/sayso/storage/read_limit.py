"""Admission of slow reads: a few at a time, tokens in rotation, and a bound for each token."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from sayso.domain.errors import TooManySlowReads, Unavailable

#: How many slow reads of one token may run or wait at once.
READS_PER_TOKEN = 16


#: A bounded read that takes longer than this is run again among the slow ones, in seconds.
BUDGET = 0.1


class OverBudget(Exception):
    """The read took longer than its budget, and was interrupted."""


def unanswered() -> Unavailable:
    """The error of a read that reached its deadline."""
    return Unavailable("The database did not answer in time; ask for less, or try again")


class ReadLimit:
    """At most `at_once` reads run, and of one token half as many, so that no token can hold up another.

    `per_token` bounds the reads of one token that run or wait; None is no bound. The token "" is bounded by nothing
    but `at_once`: it stands for work of our own. `on_idle` is called each time no read runs any more.
    """

    def __init__(self, at_once: int, per_token: int | None = None, on_idle: Callable[[], None] = lambda: None) -> None:
        self._at_once = at_once
        self._on_idle = on_idle
        self._share = max(1, at_once // 2)
        self._per_token = per_token
        self._running: Counter[str] = Counter()
        # In the order in which tokens are served next.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._refusal: Unavailable | None = None
        self._paused = False

    @property
    def running(self) -> int:
        """How many reads run now."""
        return self._running.total()

    async def enter(self, token: str, deadline: float) -> None:
        """Wait for admission until `deadline`, in the loop's time. After admission the caller must call `leave`.

        Raises TooManySlowReads, Unavailable.
        """
        if self._refusal is not None:
            raise self._refusal
        queue = self._waiting.setdefault(token, deque())
        if token and self._per_token is not None and len(queue) + self._running[token] >= self._per_token:
            raise TooManySlowReads(self._per_token)
        loop = asyncio.get_running_loop()
        admission: asyncio.Future[None] = loop.create_future()
        queue.append(admission)
        self._admit()
        timer = loop.call_at(deadline, _fail, admission, unanswered)
        try:
            await admission
        except BaseException:
            if admission in queue:
                queue.remove(admission)
            elif admission.done() and not admission.cancelled() and admission.exception() is None:
                # Admitted and cancelled in the same moment.
                self.leave(token)
            raise
        finally:
            timer.cancel()
        if self._refusal is not None:
            # `refuse` came after the admission but before this task went on: nothing else would stop the read.
            self.leave(token)
            raise self._refusal

    def leave(self, token: str) -> None:
        """End an admitted read."""
        self._running[token] -= 1
        if not self._running[token]:
            del self._running[token]
        if token in self._waiting:
            # Behind the other tokens.
            self._waiting[token] = self._waiting.pop(token)
        self._admit()
        if not self.running:
            self._on_idle()

    def pause(self) -> None:
        """Admit nobody until `resume`."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._admit()

    def refuse(self, error: Unavailable) -> None:
        """Refuse all who wait and all who come from now on."""
        self._refusal = error
        for queue in self._waiting.values():
            for admission in queue:
                _fail(admission, lambda: error)

    def _admit(self) -> None:
        while not self._paused and self.running < self._at_once and (token := self._next()) is not None:
            self._running[token] += 1
            self._waiting[token].popleft().set_result(None)

    def _next(self) -> str | None:
        """The token to serve next; forgets reads that were given up, and tokens without any."""
        for token, queue in list(self._waiting.items()):
            while queue and queue[0].done():
                queue.popleft()
            if not queue:
                del self._waiting[token]
            elif self._running[token] < (self._share if token else self._at_once):
                return token
        return None


def _fail(waiting: asyncio.Future[None], error: Callable[[], Unavailable]) -> None:
    if not waiting.done():
        waiting.set_exception(error())
