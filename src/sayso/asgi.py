"""The ASGI application: which surface a path belongs to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import perf_counter

from sayso.http.request import Disconnected, Receive, Request, Scope
from sayso.http.response import Response, Send
from sayso.http.tally import Tally

Respond = Callable[[Request], Awaitable[tuple[str, Response]]]


@dataclass(slots=True)
class App:
    """`prefixes` lead to Sayso's own surfaces by the path's first part, everything else to Intercom's."""

    intercom: Respond
    prefixes: Mapping[str, Respond]
    tally: Tally
    proxies: TrustedProxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        started = perf_counter()
        if self.proxies.networks:
            self.proxies.unfold(scope)
        request = Request(scope, receive)
        # Sliced, not split: this runs for every request.
        path: str = scope["path"]
        respond = self.prefixes.get(path[1 : path.find("/", 1)] if path.count("/") > 1 else path[1:], self.intercom)
        try:
            route, response = await respond(request)
        except Disconnected:
            return
        await response.send(send)
        self.tally.count(request.method, route, response.status, perf_counter() - started)


class TrustedProxies:
    """Peers whose word counts for whom they speak: X-Forwarded-For and X-Forwarded-Host."""

    def __init__(self, networks: str) -> None:
        self.networks: list[IPv4Network | IPv6Network] = [
            ip_network(network, strict=False) for network in networks.replace(",", " ").split()
        ]

    def unfold(self, scope: Scope) -> None:
        """Put the forwarded client and host in the place of the proxy's own."""
        client = scope.get("client")
        if client is None or not self._trusts(client[0]):
            return
        headers = dict(scope["headers"])
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        # From the right, the first that is not a proxy of ours: what stands left of it anyone may have written.
        for address in (word.strip() for word in reversed(forwarded)):
            if address:
                scope["client"] = (address, 0)
            if not address or not self._trusts(address):
                break
        if b"x-forwarded-host" in headers:
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"].append((b"host", headers[b"x-forwarded-host"]))

    def _trusts(self, address: str) -> bool:
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.networks)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
