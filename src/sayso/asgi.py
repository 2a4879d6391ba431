"""The application: which surface a path belongs to. It is an ASGI application too, for other servers and for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import perf_counter
from typing import Any

from sayso.http.protocol import BODY_LIMIT
from sayso.http.request import Request
from sayso.http.response import Response
from sayso.http.tally import Tally

Respond = Callable[[Request], Awaitable[tuple[str, Response]]]
Message = MutableMapping[str, Any]


@dataclass(slots=True)
class App:
    """`prefixes` lead to Sayso's own surfaces by the path's first part, everything else to Intercom's.

    A surface answers with the route's pattern, for counting, and the response; it raises nothing.
    """

    intercom: Respond
    prefixes: Mapping[str, Respond]
    tally: Tally
    proxies: TrustedProxies

    async def respond(self, request: Request) -> Response:
        started = perf_counter()
        if self.proxies.networks:
            self.proxies.unfold(request)
        path = request.path
        end = path.find("/", 1)
        respond = self.prefixes.get(path[1:end] if end > 0 else path[1:], self.intercom)
        route, response = await respond(request)
        self.tally.count(request.method, route, response.status, perf_counter() - started)
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
        client = scope.get("client")
        body = await _body(receive)
        request = Request(scope["method"], target, dict(scope["headers"]), body, client[0] if client else "")
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


class TrustedProxies:
    """Peers whose word counts for whom they speak: X-Forwarded-For and X-Forwarded-Host."""

    def __init__(self, networks: str) -> None:
        self.networks: list[IPv4Network | IPv6Network] = [
            ip_network(network, strict=False) for network in networks.replace(",", " ").split()
        ]

    def unfold(self, request: Request) -> None:
        """Put the forwarded client and host in the place of the proxy's own."""
        if not self._trusts(request.client):
            return
        forwarded = request.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        # From the right, the first that is not a proxy of ours: what stands left of it anyone may have written.
        for address in (word.strip() for word in reversed(forwarded)):
            if address:
                request.client = address
            if not address or not self._trusts(address):
                break
        host = request.headers.get(b"x-forwarded-host")
        if host is not None:
            request.headers[b"host"] = host

    def _trusts(self, address: str) -> bool:
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.networks)
