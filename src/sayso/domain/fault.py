"""Faults: what a server that stands in for another in tests is told to do wrong, and on which requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sayso.domain.errors import Invalid

#: How often one fault may be asked for, and for how many seconds an answer may be held back.
MOST_TIMES = 1_000_000
MOST_SECONDS = 600.0


class FaultKind(StrEnum):
    RATE_LIMITED = "429"
    FAILED = "500"
    UNAVAILABLE = "503"
    SLOW = "slow"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Fault:
    """`method` and `route` None: any. `route` is a path by its parts, in which `{...}` stands for any parameter, and
    something else for itself. `seconds` is how long a slow answer is held back. `served`: what was asked is done, and
    only its answer is lost. Raises Invalid.
    """

    kind: FaultKind
    times: int = 1
    method: str | None = None
    route: tuple[str, ...] | None = None
    seconds: float = 0.0
    served: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.times <= MOST_TIMES:
            raise Invalid(f"times must be from 1 to {MOST_TIMES}", "times")
        slow = self.kind is FaultKind.SLOW
        if slow and not 0 < self.seconds <= MOST_SECONDS:
            raise Invalid(f"seconds must be above 0, and {MOST_SECONDS:g} at most", "seconds")
        if self.seconds and not slow:
            raise Invalid("seconds belong to slow alone", "seconds")
        if self.served and self.kind in (FaultKind.RATE_LIMITED, FaultKind.SLOW):
            raise Invalid("what is refused with 429 is never served, and what is slow always is", "served")

    def fits(self, method: str, route: Sequence[str] | None, segments: Sequence[str]) -> bool:
        """Whether it is meant for a request: by its method, its route's parts if it has one, and its path's."""
        if self.method is not None and self.method != method:
            return False
        return self.route is None or (route is not None and self._leads_to(route, segments))

    def may_meet(self, method: str, route: Sequence[str]) -> bool:
        """Whether any request that takes a route can be meant."""
        return self.method in (None, method) and (self.route is None or self._leads_to(route, None))

    def _leads_to(self, route: Sequence[str], segments: Sequence[str] | None) -> bool:
        assert self.route is not None
        if len(self.route) != len(route):
            return False
        there = route if segments is None else segments
        return all(map(_same, self.route, route, there))


def _same(wanted: str, part: str, there: str) -> bool:
    """A parameter wants any parameter. Other words want themselves, or a parameter that may be so."""
    if wanted.startswith("{"):
        return part.startswith("{")
    return wanted == there or there.startswith("{")
