"""Intercom's surface as a whole: what happens to every request, in order."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

import structlog

from sayso.domain.access import DEFAULT_API_VERSION, Scope
from sayso.domain.errors import (
    ContactNotFound,
    Forbidden,
    NoSuchRoute,
    NotInVersion,
    RateLimited,
    SaysoError,
    Unauthenticated,
    UnknownVersion,
)
from sayso.http.request import Fields, Request
from sayso.http.response import Response, line
from sayso.http.router import NotAllowed, Router
from sayso.http.windows import Windows, client_key
from sayso.intercom import merged, unserved
from sayso.intercom.call import Call
from sayso.intercom.errors import refusal, rendered
from sayso.intercom.routes import Route
from sayso.intercom.versions import Version, named
from sayso.service.access import Known
from sayso.service.ports import Clock, Ids
from sayso.service.reader import READER
from sayso.service.region import Region, Regions
from sayso.service.snapshot import Snapshot

_READ = Scope.READ


@dataclass(frozen=True, slots=True)
class _Sender:
    """What a request's header fields say: who sends it, which region answers, in which version (None: no such), and the
    header field that names that version. `is_named`: the client named it; else it is the workspace's.

    It holds no snapshot: it is kept with the fields, and these are kept for long.
    """

    known: Known
    region: Region
    version: Version | None
    is_named: bool
    version_line: bytes


@dataclass(slots=True)
class IntercomApp:
    """Answers every request that reaches it with JSON."""

    regions: Regions
    windows: Windows
    clock: Clock
    ids: Ids
    router: Router[Route]

    def respond(self, request: Request) -> Awaitable[tuple[str, Response]]:
        """The route's path, for counting, and the response."""
        return _Passage(self, request).response()

    def refuse(self, status: int, client: str, why: str = "") -> Response:
        """The response to what never became a request: it too counts against the client's address, and is signed."""
        request_id = self.ids.request()
        response = refusal(status, request_id, why)
        left = self.windows.spend(client_key(client), self.clock())
        version = _version_line(Fields(), DEFAULT_API_VERSION)
        signed = (line(b"x-request-id", request_id.encode()), self.windows.lines(left), version, response.lines)
        response.lines = b"".join(signed)
        return response


class _Passage:
    """One request on its way: token, rate limit, version, route, scope, and then the handler."""

    __slots__ = ("app", "key", "left", "now", "path", "request", "request_id", "version_line")

    def __init__(self, app: IntercomApp, request: Request) -> None:
        self.app = app
        self.request = request
        self.request_id = app.ids.request()
        self.now = app.clock()
        #: The token's id, once it is known.
        self.key: str | None = None
        self.left: int | None = None
        self.path = ""
        self.version_line = b""

    async def response(self) -> tuple[str, Response]:
        try:
            route, call = self._admitted(*(self._known() or await self._recognise()))
            try:
                response = await route.handler(call)
            except ContactNotFound:
                if route.names_contact:
                    await merged.tell(call)
                raise
        except SaysoError as error:
            response = rendered(error, self.request_id)
        except Exception as error:  # noqa: BLE001
            # Neither the message nor the values: both may hold what people told us.
            structlog.get_logger().error("request failed", error=type(error).__name__, request_id=self.request_id)
            response = rendered(SaysoError(), self.request_id)
        self._sign(response)
        return self.path, response

    def _known(self) -> tuple[_Sender, Snapshot] | None:
        """Who sends this, where the same header fields came before and nothing has changed since."""
        sender: _Sender | None = self.request.headers.recognised
        if sender is None:
            return None
        snapshot = sender.region.access.recall(sender.known, self.now)
        return None if snapshot is None else (sender, snapshot)

    def _admitted(self, sender: _Sender, snapshot: Snapshot) -> tuple[Route, Call]:
        """What is to be done with this. Raises RateLimited, and whatever else speaks against it."""
        token, version = sender.known.token, sender.version
        self.key = token.id
        self.version_line = sender.version_line
        READER.set(token.id)
        self._spend()
        if version is None:
            raise UnknownVersion("The requested version could not be found")
        route, parameters = self._route()
        if version < route.since and sender.is_named:
            raise NotInVersion("Requested resource is not available in current API version.")
        if route.scope not in token.scopes:
            raise Forbidden(Scope(route.scope).value)
        self.request.cancellable = route.scope is _READ and not route.writes
        caller = (sender.region, token, snapshot, version)
        return route, Call(self.request, *caller, parameters, self.request_id, names_version=sender.is_named)

    def _sign(self, response: Response) -> None:
        """The headers that every answer bears."""
        windows = self.app.windows
        left = windows.left(self._counted_as(), self.now) if self.left is None else self.left
        version = self.version_line or _version_line(self.request.headers, DEFAULT_API_VERSION)
        signed = (self.request_id.encode(), windows.lines(left), version, response.lines)
        response.lines = b"x-request-id: %s\r\n%s%s%s" % signed

    async def _recognise(self) -> tuple[_Sender, Snapshot]:
        """Who sends this, found out anew, and kept with the header fields. Raises Unauthenticated, RateLimited."""
        request, secret = self.request, self.request.secret
        region = self.app.regions.at(request.host, secret)
        try:
            caller = await region.access.authenticate(secret)
        except Unauthenticated:
            self._spend()
            raise
        default = caller.snapshot.workspace.api_version
        header = request.headers.get(b"intercom-version")
        version = named(default.encode() if header is None else header)
        version_line = _version_line(request.headers, default)
        request.headers.recognised = sender = _Sender(caller.known, region, version, header is not None, version_line)
        return sender, caller.snapshot

    def _counted_as(self) -> str:
        return client_key(self.request.client) if self.key is None else self.key

    def _spend(self) -> None:
        self.left = self.app.windows.spend(self._counted_as(), self.now)
        if self.left < 0:
            raise RateLimited("The rate limit for the App has been exceeded")

    def _route(self) -> tuple[Route, list[str]]:
        try:
            found = self.app.router.match(self.request.method, self.request.segments)
        except (NotAllowed, UnicodeDecodeError):
            found = None
        if found is None:
            raise NoSuchRoute(unserved.explain(self.request.path))
        self.path = found[0].path
        return found


def _version_line(headers: Fields, default: str) -> bytes:
    """The header field that names the version of a response: what the client named, or the default where it named none,
    or none that there is. Versions before 2.7 are answered as 2.7, and named as they were asked for."""
    header = headers.get(b"intercom-version", b"")
    return line(b"intercom-version", header if named(header) else default.encode())
