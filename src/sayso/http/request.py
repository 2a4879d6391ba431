"""A request, as the kernel hands it on."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyTooLarge(Exception):
    """The body has more bytes than the limit; it was not read further."""


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Request:
    """Header names are lower-case bytes; of a header sent twice the last counts."""

    __slots__ = ("_receive", "headers", "method", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self._receive = receive

    @property
    def segments(self) -> list[str]:
        """The path's parts, decoded one by one; empty ones do not count, so that `//contacts/` is `/contacts`."""
        raw: bytes = self.scope["raw_path"]
        path = raw.decode("ascii", "replace")
        parts = [part for part in path.split("/") if part]
        return [unquote(part) for part in parts] if "%" in path else parts

    @property
    def query(self) -> dict[str, str]:
        text = self.scope["query_string"].decode("ascii", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100)) if text else {}

    @property
    def client(self) -> str:
        """The peer's address, empty where there is none."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def secret(self) -> bytes:
        """The credential of Authorization: a Bearer token, or the user name of Basic (RFC 6750, RFC 7617)."""
        scheme, _, rest = self.headers.get(b"authorization", b"").partition(b" ")
        match scheme.lower():
            case b"bearer":
                return rest.strip()
            case b"basic":
                return _user_name(rest)
        return b""

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge past `limit` bytes, Disconnected."""
        if int(self.headers.get(b"content-length", b"0")) > limit:
            raise BodyTooLarge
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise BodyTooLarge
            if not message.get("more_body"):
                return b"".join((*parts, part)) if parts else part
            parts.append(part)


def _user_name(encoded: bytes) -> bytes:
    try:
        return b64decode(encoded, validate=True).partition(b":")[0]
    except binascii.Error:
        return b""
