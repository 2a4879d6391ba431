"""What a server for other people's tests is told, and tells. Times are Unix times, in seconds."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain import fault as domain
from sayso.domain.fault import FaultKind
from sayso.service import twin as service


class Clock(Struct):
    """`frozen`: it stands still."""

    now: float
    frozen: bool

    @classmethod
    def of(cls, clock: service.TwinClock) -> Clock:
        return cls(clock() / 1000, clock.frozen)


class ClockSetting(Struct):
    now: float


class ClockAdvance(Struct):
    seconds: float


class Fault(Struct):
    """`times` is how often it is still to come; `seconds`, how long an answer is held back."""

    fault: Literal["429", "500", "503", "slow", "cut"]
    times: int
    method: str | None
    route: str | None
    seconds: float
    served: bool

    @classmethod
    def of(cls, fault: domain.Fault) -> Fault:
        route = None if fault.route is None else "/" + "/".join(fault.route)
        return cls(fault.kind.value, fault.times, fault.method, route, fault.seconds, fault.served)


class FaultFields(Struct):
    """A fault asked for: without `method` and `route` for any request. `route` is a path as it is described, such as
    `/contacts/{contact_id}`; a word in the place of a parameter means that one alone. `served`: what is asked of the
    server is done, and only the answer is lost."""

    fault: Literal["429", "500", "503", "slow", "cut"]
    times: int = 1
    method: str | None = None
    route: str | None = None
    seconds: float | UnsetType = UNSET
    served: bool = False

    def asked(self) -> domain.Fault:
        """Raises Invalid."""
        kind, seconds = FaultKind(self.fault), self.seconds
        if seconds is UNSET:
            seconds = 1.0 if kind is FaultKind.SLOW else 0.0
        method = None if self.method is None else self.method.upper()
        return domain.Fault(kind, self.times, method, _parts(self.route), seconds, self.served)


class FaultList(Struct, tag_field="type", tag="list"):
    data: list[Fault]


class Twin(Struct):
    clock: Clock
    faults: list[Fault]


def _parts(route: str | None) -> tuple[str, ...] | None:
    return None if route is None else tuple(part for part in route.split("/") if part)
