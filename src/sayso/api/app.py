"""Sayso's own surface as a whole: what happens to every request, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from sayso.api.call import Call
from sayso.api.errors import rendered
from sayso.api.operations import Operations
from sayso.api.routes import HOME, OPEN_ROUTES, ROUTES, OpenRoute, Route
from sayso.domain.access import Scope
from sayso.domain.errors import Forbidden, MethodNotAllowed, NoSuchRoute, RateLimited, SaysoError, Unauthenticated
from sayso.http.request import Request
from sayso.http.response import Response, line
from sayso.http.router import NotAllowed, Router
from sayso.http.windows import Windows, client_key
from sayso.service.access import Caller
from sayso.service.ports import Clock, Ids
from sayso.service.reader import READER
from sayso.service.region import Region, Regions

_READ = Scope.READ


@dataclass(slots=True)
class ApiApp:
    regions: Regions
    windows: Windows
    clock: Clock
    ids: Ids
    operations: Operations
    router: Router[Route | OpenRoute] = field(default_factory=lambda: Router((*ROUTES, *OPEN_ROUTES, HOME)))

    @property
    def prefixes(self) -> dict[str, Callable[[Request], Awaitable[tuple[str, Response]]]]:
        """The first parts of the paths that are ours."""
        return {route.path.split("/")[1]: self.respond for route in (*ROUTES, *OPEN_ROUTES, HOME)}

    async def respond(self, request: Request) -> tuple[str, Response]:
        """The route's path, for counting, and the response."""
        request_id = self.ids.request()
        passage = _Passage(self, request)
        try:
            response = await passage.through()
        except SaysoError as error:
            response = rendered(error, request_id)
        except Exception as error:  # noqa: BLE001
            # Neither the message nor the values: both may hold what people told us.
            structlog.get_logger().error("request failed", error=type(error).__name__, request_id=request_id)
            response = rendered(SaysoError("The server failed; nothing more is known"), request_id)
        response.lines = line(b"x-request-id", request_id.encode()) + passage.limits() + response.lines
        return passage.path, response


class _Passage:
    """One request on its way: route, token, rate limit, scope, and then the handler.

    The route comes first: what is open needs no token, and which paths there are is no secret.
    """

    __slots__ = ("app", "left", "path", "request")

    def __init__(self, app: ApiApp, request: Request) -> None:
        self.app = app
        self.request = request
        self.left: int | None = None
        self.path = ""

    async def through(self) -> Response:
        route, parameters = self._route()
        if isinstance(route, OpenRoute):
            if route.guarded and not self.app.operations.metrics_public:
                await self._caller(_READ)
            return await route.handler(self.app.operations, self.request)
        region, caller = await self._caller(route.scope)
        self.request.cancellable = route.scope is _READ
        return await route.handler(Call(self.request, region, caller, parameters))

    async def _caller(self, scope: Scope) -> tuple[Region, Caller]:
        """The region that answers and who calls, counted against their rate limit. Raises Unauthenticated, RateLimited
        and Forbidden."""
        secret = self.request.secret
        region = self.app.regions.at(self.request.host, secret)
        try:
            caller = await region.access.authenticate(secret)
        except Unauthenticated:
            self._spend(client_key(self.request.client))
            raise
        self._spend(caller.token.id)
        READER.set(caller.token.id)
        if scope not in caller.token.scopes:
            raise Forbidden(scope.value)
        return region, caller

    def limits(self) -> bytes:
        """The header lines of the rate limit, where it was asked."""
        return b"" if self.left is None else self.app.windows.lines(self.left)

    def _spend(self, key: str) -> None:
        self.left = self.app.windows.spend(key, self.app.clock())
        if self.left < 0:
            raise RateLimited("The rate limit of this token, or of this address, is used up")

    def _route(self) -> tuple[Route | OpenRoute, list[str]]:
        try:
            found = self.app.router.match(self.request.method, self.request.segments)
        except NotAllowed as refused:
            raise MethodNotAllowed(refused.allow) from None
        except UnicodeDecodeError:
            found = None
        if found is None:
            raise NoSuchRoute("There is no such path: /docs lists those there are")
        self.path = found[0].path
        return found
