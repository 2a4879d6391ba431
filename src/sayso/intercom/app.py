"""Intercom's surface as a whole: what happens to every request, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from sayso.domain.access import Scope
from sayso.domain.errors import (
    Forbidden,
    MethodNotAllowed,
    NoSuchRoute,
    NotInVersion,
    RateLimited,
    SaysoError,
    Unauthenticated,
)
from sayso.http.request import Request
from sayso.http.response import Headers, Response
from sayso.http.router import NotAllowed, Router
from sayso.http.windows import Windows
from sayso.intercom.call import Call
from sayso.intercom.errors import refusal, rendered
from sayso.intercom.routes import ROUTES, Route
from sayso.intercom.versions import named
from sayso.service.ports import Clock, Ids
from sayso.service.region import Regions


@dataclass(slots=True)
class IntercomApp:
    """Answers every request that reaches it with JSON."""

    regions: Regions
    windows: Windows
    clock: Clock
    ids: Ids
    router: Router[Route] = field(default_factory=lambda: Router(ROUTES))

    async def respond(self, request: Request) -> tuple[str, Response]:
        """The route's path, for counting, and the response."""
        request_id = self.ids.request()
        passage = _Passage(self, request, request_id)
        try:
            response = await passage.through()
        except SaysoError as error:
            response = rendered(error, request_id)
        except Exception as error:  # noqa: BLE001
            # Neither the message nor the values: both may hold what people told us.
            structlog.get_logger().error("request failed", error=type(error).__name__, request_id=request_id)
            response = rendered(SaysoError(), request_id)
        passage.sign(response)
        return passage.path, response

    def refuse(self, status: int, client: str) -> Response:
        """The response to what never became a request: it too counts against the client's address, and is signed."""
        request_id = self.ids.request()
        response = refusal(status, request_id)
        left = self.windows.spend(f"client {client}", self.clock())
        response.headers = [(b"x-request-id", request_id.encode()), *self.windows.headers(left)]
        return response


class _Passage:
    """One request on its way: token, rate limit, version, route, scope, and then the handler."""

    __slots__ = ("app", "key", "left", "path", "request", "request_id")

    def __init__(self, app: IntercomApp, request: Request, request_id: str) -> None:
        self.app = app
        self.request = request
        self.request_id = request_id
        self.key = "client " + request.client
        self.left: int | None = None
        self.path = ""

    async def through(self) -> Response:
        request, secret, windows = self.request, self.request.secret, self.app.windows
        region = self.app.regions.at(request.host, secret)
        try:
            caller = await region.access.authenticate(secret)
        except Unauthenticated:
            self._spend(windows)
            raise
        self.key = caller.token.id
        self._spend(windows)
        header = request.headers.get(b"intercom-version")
        version = named(header if header is not None else caller.snapshot.workspace.api_version.encode())
        route, parameters = self._route()
        if version < route.since:
            raise NotInVersion("Requested resource is not available in current API version.")
        if route.scope not in caller.token.scopes:
            raise Forbidden(Scope(route.scope).value)
        return await route.handler(Call(request, region, caller, version, parameters, self.request_id))

    def sign(self, response: Response) -> None:
        """The headers that every answer bears."""
        windows = self.app.windows
        left = windows.left(self.key, self.app.clock()) if self.left is None else self.left
        headers: Headers = [
            (b"x-request-id", self.request_id.encode()),
            *windows.headers(left),
        ]
        version = self.request.headers.get(b"intercom-version")
        if version is not None:
            headers.append((b"intercom-version", version))
        response.headers = headers + response.headers

    def _spend(self, windows: Windows) -> None:
        self.left = windows.spend(self.key, self.app.clock())
        if self.left < 0:
            raise RateLimited("The rate limit for the App has been exceeded")

    def _route(self) -> tuple[Route, list[str]]:
        try:
            found = self.app.router.match(self.request.method, self.request.segments)
        except NotAllowed as refused:
            raise MethodNotAllowed(refused.allow) from None
        except UnicodeDecodeError:
            found = None
        if found is None:
            raise NoSuchRoute("Resource Not Found")
        self.path = found[0].path
        return found
