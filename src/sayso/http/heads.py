"""Heads that came before: most clients send the same header fields with every request of a connection.

The parser reads them once. A request whose fields are the same bytes, framed in the plainest way, is taken apart by
its request line alone; everything else goes through the parser.
"""

from __future__ import annotations

import re

from sayso.http.request import Fields, Request

#: How many are kept, and how long one may be, in bytes. Beyond the first limit all are forgotten: they come back.
HEADS_LIMIT = 512
SIZE_LIMIT = 4096

# RFC 9112, section 3, without what would need a second thought: no other method, version, form, character or length.
_LINE = re.compile(rb"(GET|POST|PUT|DELETE|HEAD) (/[A-Za-z0-9/_.~%?=&,:@+-]{0,4095}) HTTP/1\.1\r\n")

_METHODS = {b"GET": "GET", b"POST": "POST", b"PUT": "PUT", b"DELETE": "DELETE", b"HEAD": "HEAD"}


class Heads:
    def __init__(self) -> None:
        # Found by keyed hash, never compared byte by byte with what another client sent: there are secrets in it.
        self._known: dict[bytes, tuple[Fields, int]] = {}

    def whole(self, data: bytes, client: str, scheme: str = "http") -> Request | None:
        """The one request that `data` is, if its header fields came before."""
        line = _LINE.match(data)
        if line is None:
            return None
        end = data.find(b"\r\n\r\n", line.end() - 2) + 4
        known = self._known.get(data[line.end() : end])
        if known is None:
            return None
        fields, length = known
        if len(data) != end + length:
            return None
        method, target = line.groups()
        return Request(_METHODS[method], target, fields, data[end:] if length else b"", client, scheme)

    def keep(self, data: bytes, fields: Fields) -> None:
        """Remember the fields of the one request that `data` was, as the parser read them and kept alive."""
        line = _LINE.match(data)
        if line is None:
            return
        end = data.find(b"\r\n\r\n", line.end() - 2) + 4
        block, length = data[line.end() : end], int(fields.get(b"content-length", b"0"))
        if len(block) > SIZE_LIMIT or len(data) != end + length or not _is_plain(block, fields):
            return
        if len(self._known) >= HEADS_LIMIT:
            self._known.clear()
        self._known[block] = fields, length


def _is_plain(block: bytes, fields: Fields) -> bool:
    """Whether a request with these fields ends where it says, and asks for nothing but its answer."""
    if any(name in fields for name in (b"transfer-encoding", b"upgrade", b"expect")):
        return False
    connection = fields.get(b"connection", b"keep-alive").lower()
    return connection == b"keep-alive" and block.count(b"\n") == block.count(b"\r\n")
