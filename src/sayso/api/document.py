"""The description of everything served: /openapi.json, and the page made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import msgspec

from sayso import __version__
from sayso.http.openapi import Json, Surface, document

_HEADERS: Json = {
    "X-Request-Id": {"description": "The request's id, also in the body of an error.", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {"description": "Requests in a window of 10 seconds.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "Requests left in this window.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When the next window starts, in Unix seconds.",
        "schema": {"type": "integer"},
    },
    "Location": {"description": "The path of what was made.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Sayso-Not-Stored": {
        "description": "What the list would hold: Sayso does not store it, and the list is always empty.",
        "schema": {"type": "string"},
    },
}

_SECURITY: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token."},
    "basic": {"type": "http", "scheme": "basic", "description": "The access token as user name, no password."},
}

_INFO: Json = {
    "title": "Sayso",
    "version": __version__,
    "summary": "What people said about being messaged: every yes and every no.",
    "description": "Intercom's contacts and subscriptions, and Sayso's own surface under /sayso/.",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


@dataclass
class Document:
    """Made when first asked for. `hosts`: the region each listed host name leads to; `default` answers the others."""

    surfaces: tuple[Surface, ...]
    hosts: Mapping[str, str]
    default: str
    public_url: str = ""

    @cached_property
    def described(self) -> Json:
        return document(_INFO, self._servers(), self.surfaces, _HEADERS, _SECURITY)

    @cached_property
    def json(self) -> bytes:
        return msgspec.json.encode(self.described)

    @cached_property
    def page(self) -> tuple[bytes, str]:
        """The page, and the Content-Security-Policy that it needs."""
        # Imported here: a server whose page nobody reads does without the template engine.
        from sayso.api.docs import rendered  # noqa: PLC0415

        return rendered(self.described)

    @cached_property
    def home(self) -> tuple[bytes, str]:
        """The page at /, and the Content-Security-Policy that it needs."""
        from sayso.api.docs import home  # noqa: PLC0415

        return home()

    def _servers(self) -> list[Json]:
        public = urlsplit(self.public_url)
        scheme = f"{public.scheme}:" if public.scheme else ""
        port = f":{public.port}" if public.port else ""
        own = [{"url": self.public_url.rstrip("/") or "/", "description": f"This address: region {self.default}"}]
        return own + [
            {"url": f"{scheme}//{host}{'' if ':' in host else port}", "description": f"Region {name}"}
            for host, name in self.hosts.items()
            if host != public.hostname
        ]
