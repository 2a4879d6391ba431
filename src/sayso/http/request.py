"""A request, as the kernel hands it on."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, unquote

#: RFC 9112, section 3.2.2: a whole URL as a request target, as its authority and the rest.
ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class BodyTooLarge(Exception):
    """The body has more bytes than the kernel keeps."""


class Fields(dict[bytes, bytes]):
    """Header fields by lower-case name; of one sent twice the last counts. Many requests may share them: never changed.

    `recognised` is a surface's own: what it made of these fields, for the next request that comes with them.
    """

    recognised: Any = None


class Request:
    """`target` is the request target as sent: a path, or a whole URL, whose authority then counts as the host (RFC
    9112, section 3.2). `body` is None where it was too large to keep. `scheme` is how the client came: http or https.

    `cancellable` is set by the surface where nothing is written: the work may then be stopped when the client is gone.
    """

    __slots__ = ("_body", "cancellable", "client", "headers", "method", "path", "query_string", "scheme")

    def __init__(
        self, method: str, target: bytes, headers: Fields, body: bytes | None, client: str, scheme: str = "http"
    ) -> None:
        self.method = method
        self.headers = headers
        self.client = client
        self.scheme = scheme
        self._body = body
        self.cancellable = False
        if not target.startswith(b"/"):
            target = self._origin_form(target)
        path, _, self.query_string = target.partition(b"?")
        self.path = path.decode("utf-8", "replace")

    def _origin_form(self, target: bytes) -> bytes:
        absolute = ABSOLUTE.fullmatch(target)
        if absolute is None:
            return b"/"
        authority, rest = absolute.groups()
        self.headers = Fields({**self.headers, b"host": authority})
        return rest if rest.startswith(b"/") else b"/" + rest

    @property
    def body(self) -> bytes:
        """Raises BodyTooLarge."""
        if self._body is None:
            raise BodyTooLarge
        return self._body

    @property
    def segments(self) -> list[str]:
        """The path's parts, decoded one by one; empty ones do not count, so that `//contacts/` is `/contacts`.

        Raises UnicodeDecodeError on what is no UTF-8: it names nothing.
        """
        parts = self.path[1:].split("/")
        if "" in parts:
            parts = [part for part in parts if part]
        return [unquote(part, errors="strict") for part in parts] if "%" in self.path else parts

    @property
    def query(self) -> dict[str, str]:
        text = self.query_string.decode("ascii", "replace")
        return dict(parse_qsl(text, keep_blank_values=True)) if text else {}

    @property
    def host(self) -> str:
        return self.headers.get(b"host", b"").decode("latin-1")

    @property
    def secret(self) -> bytes:
        """The credential of Authorization: a Bearer token, or the user name of Basic (RFC 6750, RFC 7617)."""
        scheme, _, rest = self.headers.get(b"authorization", b"").partition(b" ")
        match scheme.lower():
            case b"bearer":
                return rest.strip()
            case b"basic":
                return _user_name(rest.strip())
        return b""


def _user_name(encoded: bytes) -> bytes:
    try:
        return b64decode(encoded, validate=True).partition(b":")[0]
    except binascii.Error:
        return b""
