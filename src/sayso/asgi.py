"""The application: which surface a path belongs to. It is an ASGI application too, for other servers and for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sayso.http.limits import Limits, network
from sayso.http.reader import BODY_LIMIT
from sayso.http.request import Fields, Request
from sayso.http.response import Response
from sayso.http.tally import Tally
from sayso.service.patience import WAITING_SINCE

Respond = Callable[[Request], Awaitable[tuple[str, Response]]]
Message = MutableMapping[str, Any]


@dataclass(slots=True)
class App:
    """`prefixes` lead to Sayso's own surfaces by the path's first part, everything else to Intercom's.

    A surface answers with the route's pattern, for counting, and the response; it raises nothing.
    """

    intercom: Respond
    refuse: Callable[[int, str, str], Response]
    prefixes: Mapping[str, Respond]
    tally: Tally
    limits: Limits

    async def respond(self, request: Request) -> Response:
        started, limits, counted = monotonic(), self.limits, ""
        if limits.proxies.networks and limits.proxies.unfold(request) and limits.per_address:
            counted = network(request.client)
            if limits.requests.add(counted) > 0:
                limits.requests.remove(counted)
                return self.refuse(429, request.client, "This address has too many requests in progress")
        path = request.path
        end = path.find("/", 1)
        first = path[1:end] if end > 0 else path[1:]
        respond = self.prefixes.get(first, self.intercom)
        if not first and (path != "/" or b"text/html" not in request.headers.get(b"accept", b"")):
            # The page at / is for browsers; a program is answered as the original would.
            respond = self.intercom
        WAITING_SINCE.set(started)
        try:
            route, response = await respond(request)
        finally:
            WAITING_SINCE.set(None)
            if counted:
                limits.requests.remove(counted)
        self.tally.count(request.method, route, response.status, monotonic() - started)
        return response

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """ASGI 3, HTTP alone."""
        if scope["type"] != "http":
            raise RuntimeError(f"there is no {scope['type']} here")
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        client = (scope.get("client") or ("",))[0]
        fields, body = Fields(scope["headers"]), await _body(receive)
        request = Request(scope["method"], target, fields, body, client, scope.get("scheme", "http"))
        response = await self.respond(request)
        length = b"%d" % len(response.body)
        headers = [(b"content-type", response.media_type), (b"content-length", length), *response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False) and size <= BODY_LIMIT
    return None if size > BODY_LIMIT else b"".join(parts)
