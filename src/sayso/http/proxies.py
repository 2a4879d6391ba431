"""Proxies: who may say for whom a request was sent, to which host and how."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sayso.http.request import Fields, Request


class TrustedProxies:
    """Peers whose word counts for whom they speak: X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto.

    `networks`: addresses and networks, apart by commas or blanks. Raises ValueError on what is neither.
    """

    def __init__(self, networks: str) -> None:
        self.networks: list[IPv4Network | IPv6Network] = [
            ip_network(network, strict=False) for network in networks.replace(",", " ").split()
        ]

    def unfold(self, request: Request) -> None:
        """Put the forwarded client, host and scheme in the place of the proxy's own."""
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
        if host is not None and host != request.headers.get(b"host"):
            request.headers = Fields({**request.headers, b"host": host})
        scheme = request.headers.get(b"x-forwarded-proto", b"").decode("latin-1").lower()
        if scheme in ("http", "https"):
            request.scheme = scheme

    def _trusts(self, address: str) -> bool:
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.networks)
