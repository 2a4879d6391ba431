"""A twin: a server that stands in for another in tests. Its clock can be set, its answers fail as asked, and all that
it holds can be put back to the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sayso.domain.errors import Invalid
from sayso.domain.fault import Fault
from sayso.service.ports import Clock

#: The last moment that the clock can be set to, in seconds: up to it, ids of contacts tell the time.
LAST_SECOND = 2**32 - 1

#: How many faults may wait at once.
MOST_FAULTS = 1000


class TwinClock:
    """`ports.Clock` that goes with the real one until it is set: then it stands still."""

    def __init__(self, real: Clock) -> None:
        self._real = real
        self._ahead = 0
        self._set: int | None = None

    def __call__(self) -> int:
        return self._real() + self._ahead if self._set is None else self._set

    @property
    def frozen(self) -> bool:
        return self._set is not None

    def set(self, seconds: float) -> None:
        """Stand still at a Unix time. Raises Invalid."""
        self._set = _within(seconds, "now")

    def advance(self, seconds: float) -> None:
        """Let time pass at once, whether it stands still or goes on. Raises Invalid."""
        if not 0 <= seconds <= LAST_SECOND:
            raise Invalid("seconds must be 0 or more", "seconds")
        after = _within(self() / 1000 + seconds, "seconds")
        if self._set is None:
            self._ahead += round(seconds * 1000)
        else:
            self._set = after

    def release(self) -> None:
        """Go with the real one again."""
        self._set, self._ahead = None, 0


class Faults:
    """Those asked for and not spent yet, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._cleared = asyncio.Event()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """`times` is how often each is still to come."""
        return tuple(self._waiting)

    def add(self, fault: Fault) -> None:
        """Raises Invalid."""
        if len(self._waiting) >= MOST_FAULTS:
            raise Invalid(f"no more than {MOST_FAULTS} faults may wait; forget them first", "fault")
        self._waiting.append(fault)

    def take(self, method: str, route: Sequence[str] | None, segments: Sequence[str]) -> Fault | None:
        """The first fault that is meant for a request, spent once."""
        for place, fault in enumerate(self._waiting):
            if fault.fits(method, route, segments):
                self._waiting[place : place + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                return fault
        return None

    def clear(self) -> None:
        """Forget all, and hold back no answer any longer."""
        self._waiting.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def hold_back(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)


class Room:
    """What memory has room for, in requests that change something: nobody should find out by the machine's end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.empty()

    def empty(self) -> None:
        self._left = self._most

    def take(self) -> bool:
        """Whether there was room for one more."""
        self._left -= 1
        return self._left >= 0


@dataclass(frozen=True, slots=True)
class Twin:
    """`served` are the routes that may fail, by method and the path's parts; `beginnings` put back what the server
    holds."""

    clock: TwinClock
    faults: Faults
    served: tuple[tuple[str, tuple[str, ...]], ...]
    beginnings: tuple[Callable[[], None], ...]

    def fail(self, fault: Fault) -> None:
        """Raises Invalid where no request can be meant."""
        if not any(fault.may_meet(method, route) for method, route in self.served):
            blamed = "method" if fault.route is None else "route"
            raise Invalid("no route that is served has this method and path", blamed)
        self.faults.add(fault)

    def reset(self) -> None:
        """As it began: what is stored, what is remembered of it, the clock, and no faults."""
        self.faults.clear()
        self.clock.release()
        for put_back in self.beginnings:
            put_back()


def _within(seconds: float, field: str) -> int:
    """Milliseconds. Raises Invalid."""
    if not 0 <= seconds <= LAST_SECOND:
        raise Invalid(f"the clock goes from 0 to {LAST_SECOND} seconds since 1970", field)
    return round(seconds * 1000)
