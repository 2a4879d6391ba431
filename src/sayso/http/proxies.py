"""Proxies: who may say for whom a request was sent, to which host and how."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sayso.http.request import Fields, Request


class TrustedProxies:
    """Peers whose word counts for whom they speak: X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto.

    `networks`: addresses and networks, apart by commas or blanks. Raises ValueError on what is neither.
    """

    def __init__(self, networks: str) -> None:
        self.networks: list[IPv4Network | IPv6Network] = [
            ip_network(network, strict=False) for network in networks.replace(",", " ").split()
        ]

    def unfold(self, request: Request) -> bool:
        """Put the forwarded client, host and scheme in the place of the proxy's own. Whether there is such a client."""
        if not self.trusts(request.client):
            return False
        named = False
        forwarded = request.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        # From the right, the first that is not a proxy of ours: what stands left of it anyone may have written.
        for word in reversed(forwarded):
            address = _address(word.strip())
            if address:
                request.client, named = address, True
            if not address or not self.trusts(address):
                break
        host = request.headers.get(b"x-forwarded-host")
        if host is not None and host != request.headers.get(b"host"):
            request.headers = Fields({**request.headers, b"host": host})
        scheme = request.headers.get(b"x-forwarded-proto", b"").decode("latin-1").lower()
        if scheme in ("http", "https"):
            request.scheme = scheme
        return named

    def trusts(self, address: str) -> bool:
        if not self.networks:
            return False
        try:
            known = ip_address(address)
        except ValueError:
            return False
        if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        return any(known in network for network in self.networks)


# Some proxies tell the client's port too. What follows is no address, and could be of any length.
_FORWARDED = re.compile(
    r"([0-9.]{7,15})(?::[0-9]{1,5})?|\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45})"
)


def _address(word: str) -> str:
    """An address without its port; empty where there is none."""
    found = _FORWARDED.fullmatch(word)
    if found is None:
        return ""
    address = found[1] or found[2] or found[3]
    try:
        return str(ip_address(address))
    except ValueError:
        return ""
