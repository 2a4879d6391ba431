"""The table of contents of Sayso's own surface: method, path, handler, and the scope it needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from msgspec import Struct

from sayso.api import subscription_type, twin
from sayso.api.call import Call
from sayso.api.operations import Operations
from sayso.api.shapes.operations import Health, Readiness
from sayso.api.shapes.subscription_type import SubscriptionType, SubscriptionTypeFields, SubscriptionTypePage, Wording
from sayso.api.shapes.twin import Clock, ClockAdvance, ClockSetting, FaultFields, FaultList, Twin
from sayso.domain.access import Scope
from sayso.http.request import Request
from sayso.http.response import Response
from sayso.service import twin as service

READ, ADMIN = Scope.READ, Scope.ADMIN


@dataclass(frozen=True, slots=True)
class Route:
    """`answer` and `body` are the shapes of a success and of the request."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Response]]
    scope: Scope
    summary: str
    answer: type[Struct]
    body: type[Struct] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """A route that needs no token unless it is `guarded`.

    `guarded`: a token with scope read is needed, unless the settings open the route to everyone. `answer` is None where
    the response is not JSON described by our shapes. `or_else` is a second status that the route answers with.
    """

    path: str
    handler: Callable[[Operations, Request], Awaitable[Response]]
    summary: str
    answer: type[Struct] | None
    media_type: str = "application/json"
    or_else: int | None = None
    guarded: bool = False
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class TwinRoute:
    """Served with --ephemeral alone, to tokens with every scope."""

    method: str
    path: str
    handler: Callable[[service.Twin, Call], Awaitable[Response]]
    summary: str
    answer: type[Struct]
    body: type[Struct] | None = None

    def on(self, of_server: service.Twin) -> Route:
        handler = partial(self.handler, of_server)
        return Route(self.method, self.path, handler, ADMIN, self.summary, self.answer, self.body)


# fmt: off
ROUTES = (
    Route("GET", "/sayso/subscription_types", subscription_type.list_all, READ, "List subscription types", SubscriptionTypePage),
    Route("POST", "/sayso/subscription_types", subscription_type.create, ADMIN, "Create a subscription type", SubscriptionType, SubscriptionTypeFields, 201),
    Route("GET", "/sayso/subscription_types/{id}", subscription_type.find, READ, "Find a subscription type", SubscriptionType),
    Route("PUT", "/sayso/subscription_types/{id}", subscription_type.update, ADMIN, "Change, publish or archive a subscription type", SubscriptionType, SubscriptionTypeFields),
    Route("PUT", "/sayso/subscription_types/{id}/translations/{locale}", subscription_type.translate, ADMIN, "Translate a subscription type", SubscriptionType, Wording),
)

OPEN_ROUTES = (
    OpenRoute("/healthz", Operations.healthz, "Is it alive", Health),
    OpenRoute("/readyz", Operations.readyz, "Is it ready", Readiness, or_else=503),
    OpenRoute("/metrics", Operations.metrics, "What did it do", None, "text/plain", guarded=True),
    OpenRoute("/openapi.json", Operations.openapi, "What is served, for programs", None),
    OpenRoute("/docs", Operations.docs, "What is served, for people", None, "text/html"),
)

#: Served to browsers alone, and so not described.
HOME = OpenRoute("/", Operations.home, "What is this", None, "text/html")

TWIN_ROUTES = (
    TwinRoute("POST", "/sayso/test/reset", twin.reset, "Begin again", Twin),
    TwinRoute("GET", "/sayso/test/clock", twin.clock, "What time is it", Clock),
    TwinRoute("PUT", "/sayso/test/clock", twin.set_clock, "Set the clock", Clock, ClockSetting),
    TwinRoute("POST", "/sayso/test/clock/advance", twin.advance_clock, "Let time pass", Clock, ClockAdvance),
    TwinRoute("POST", "/sayso/test/clock/release", twin.release_clock, "Let the clock go", Clock),
    TwinRoute("GET", "/sayso/test/faults", twin.faults, "List the faults to come", FaultList),
    TwinRoute("POST", "/sayso/test/faults", twin.fail, "Fail the next requests", FaultList, FaultFields),
    TwinRoute("DELETE", "/sayso/test/faults", twin.forgive, "Forget all faults", FaultList),
)
# fmt: on
