"""A server for other people's tests: the same surfaces on stores in memory, which can be put back, with a clock that
can be set, and answers that fail as asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from typing import TypeVar

from sayso.api import openapi as api_openapi
from sayso.api.app import ApiApp
from sayso.api.operations import Operations
from sayso.api.routes import OPEN_ROUTES, TWIN_ROUTES, OpenRoute, Route
from sayso.api.routes import ROUTES as API_ROUTES
from sayso.asgi import App
from sayso.deployment import on_stores
from sayso.domain.access import Scope
from sayso.domain.errors import SaysoError, Unavailable
from sayso.domain.fault import Fault, FaultKind
from sayso.http.limits import Limits
from sayso.http.proxies import TrustedProxies
from sayso.http.request import Fields, Request
from sayso.http.response import Response
from sayso.http.router import NotAllowed, Router
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.intercom.routes import ROUTES as INTERCOM_ROUTES
from sayso.intercom.routes import Route as IntercomRoute
from sayso.server import Sayso, described, logged, surfaces
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region, Regions
from sayso.service.twin import Faults, Room, Twin, TwinClock
from sayso.settings import Settings, databases
from sayso.storage.memory import MemoryStore

Begun = TypeVar("Begun")

#: How many requests may change something until all is put back.
MOST_CHANGES = 100_000

#: Where a path begins that is about the twin itself.
OWN = ["sayso", "test"]


def remembered(begin: Callable[[Regions], Awaitable[Begun]]) -> Callable[[Regions], Awaitable[Begun]]:
    """What it begins is what a reset goes back to."""

    async def begin_and_remember(regions: Regions) -> Begun:
        begun = await begin(regions)
        for region in regions.by_name.values():
            assert isinstance(region.store, MemoryStore)
            region.store.remember()
        return begun

    return begin_and_remember


@asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[Sayso]:
    """An ephemeral server's application, on empty stores."""
    clock, tally, windows = TwinClock(now), Tally(), _Windows(settings.rate_limit)
    stores = {name: MemoryStore() for name in databases(settings)}
    regions = on_stores(settings, stores, clock)
    document = described(regions, settings.public_url, api_openapi.twin_surface())
    operations = Operations(regions, tally, settings.metrics_public, document)
    limits = Limits(settings.max_connections_per_address, TrustedProxies(settings.trusted_proxies))

    def surfaces_on(regions: Regions, windows: Windows) -> App:
        app = surfaces(regions, windows, tally, clock, RandomIds(), operations, limits)
        return logged(app) if settings.log_requests else app

    failing = {
        FaultKind.RATE_LIMITED: surfaces_on(regions, _Spent(settings.rate_limit)),
        FaultKind.FAILED: surfaces_on(_Failing(regions.default, SaysoError), windows),
        FaultKind.UNAVAILABLE: surfaces_on(_Failing(regions.default, _unavailable), windows),
    }
    room, full = Room(MOST_CHANGES), surfaces_on(_Failing(regions.default, _full), windows)
    resets = [*(store.reset for store in stores.values()), windows.forget, room.empty]
    snapshots = [region.snapshots.forget for region in regions.by_name.values()]
    twin = Twin(clock, Faults(), _served(), (*resets, *snapshots))
    routes: list[Route | OpenRoute] = [route.on(twin) for route in TWIN_ROUTES]
    own = ApiApp(regions, Windows(0), clock, RandomIds(), operations, Router(routes))
    app = TwinApp(surfaces_on(regions, windows), failing, own, twin, room, full)
    yield Sayso(settings, regions, app, operations)


_Routed = IntercomRoute | Route | OpenRoute


class TwinApp(App):
    """`honest` answers as any server would, `failing` as one in trouble, `own` what is asked of the twin itself; `full`
    answers where there is no `room` left."""

    def __init__(
        self, honest: App, failing: dict[FaultKind, App], own: ApiApp, twin: Twin, room: Room, full: App
    ) -> None:
        super().__init__(honest.intercom, honest.refuse, honest.prefixes, honest.tally, honest.limits)
        self.honest = honest
        self.twin = twin
        self._failing = failing
        self._own = own
        self._room = room
        self._full = full
        self._router: Router[_Routed] = Router((*INTERCOM_ROUTES, *API_ROUTES, *OPEN_ROUTES))

    async def respond(self, request: Request) -> Response:
        segments = _segments(request)
        if segments[:2] == OWN:
            return (await self._own.respond(request))[1]
        route = self._route(request.method, segments)
        fault = self._fault(request.method, route, segments)
        if fault is not None:
            return await self._failed(fault, request)
        if _changes(route) and not self._room.take():
            return await self._full.respond(_unrecognised(request))
        return await self.honest.respond(request)

    def _route(self, method: str, segments: Sequence[str]) -> _Routed | None:
        try:
            found = self._router.match(method, segments)
        except NotAllowed:
            return None
        return found[0] if found else None

    def _fault(self, method: str, route: _Routed | None, segments: Sequence[str]) -> Fault | None:
        """The fault that a request meets. What operators ask for is no surface of the original's."""
        if isinstance(route, OpenRoute):
            return None
        return self.twin.faults.take(method, _parts(route.path) if route else None, segments)

    async def _failed(self, fault: Fault, request: Request) -> Response:
        if fault.served or fault.kind is FaultKind.SLOW:
            response = await self.honest.respond(request)
        if fault.kind is FaultKind.SLOW:
            await self.twin.faults.hold_back(fault.seconds)
            return response
        if fault.kind is FaultKind.CUT:
            await _cut()
        return await self._failing[fault.kind].respond(_unrecognised(request))


async def _cut() -> None:
    """End the connection: what waits and is cancelled leaves no answer, and no line in a log."""
    # Raised before anything waits, it would end the round, and leave all others of it without an answer too.
    await asyncio.sleep(0)
    raise asyncio.CancelledError


class _Windows(Windows):
    """Counted by the machine's clock, as clients wait by theirs."""

    def forget(self) -> None:
        self._counts.clear()

    def _turn(self, at: int) -> None:
        super()._turn(now())


class _Spent(Windows):
    """Nothing is left, but only for a second: tests should not wait for long."""

    def spend(self, key: str, at: int) -> int:
        self.reset = now() // 1000 + 1
        return -1


class _Failing(Regions):
    """No region can be reached: every surface tells it in its own way."""

    def __init__(self, default: Region, error: Callable[[], SaysoError]) -> None:
        super().__init__({default.name: default}, {}, default.name)
        self._error = error

    def at(self, host: str, secret: bytes) -> Region:
        raise self._error()


def _unavailable() -> Unavailable:
    return Unavailable("Service Unavailable")


def _full() -> Unavailable:
    return Unavailable(f"An ephemeral server takes {MOST_CHANGES} changes at most: reset it")


def _changes(route: _Routed | None) -> bool:
    return route is not None and not isinstance(route, OpenRoute) and route.scope is not Scope.READ


def _unrecognised(request: Request) -> Request:
    """The same, whose sender has to be found out anew."""
    again = copy(request)
    again.headers = Fields(request.headers)
    return again


def _served() -> tuple[tuple[str, tuple[str, ...]], ...]:
    routes: tuple[_Routed, ...] = (*INTERCOM_ROUTES, *API_ROUTES)
    return tuple((route.method, _parts(route.path)) for route in routes)


def _segments(request: Request) -> list[str]:
    try:
        return request.segments
    except UnicodeDecodeError:
        return []


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))
