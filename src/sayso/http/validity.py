"""What makes a head invalid beyond its syntax, which the parser has checked: RFC 9112 and RFC 9110."""

from __future__ import annotations

import re

from sayso.http.request import ABSOLUTE, Fields

#: A status and what was wrong.
Fault = tuple[int, str]

# RFC 9110, section 7.2, without what no host on the Internet has: percent-encoding and punctuation.
_HOST = re.compile(rb"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?")

#: A name of 255 characters, a colon, and a port.
_HOST_LIMIT = 261

_LAST_PORT = 65_535

# The parser reads these too, with HTTP's methods and fields, and does not tell them apart.
_OTHER_PROTOCOL = rb"[A-Z-]+ +[^ \r\n]+ +(?:RTSP|ICE)/"
_FIRST_LINE, _LATER_LINE = re.compile(_OTHER_PROTOCOL), re.compile(rb"\n" + _OTHER_PROTOCOL)

_NOT_SERVED = (505, "Only HTTP/1.1 and HTTP/1.0 are served")


def fault(method: bytes, target: bytes, version: str, fields: Fields) -> Fault | None:
    """Why a request with this head is refused, and the connection closed."""
    if version not in ("1.1", "1.0"):
        return _NOT_SERVED
    if method == b"CONNECT":
        return 501, "CONNECT is not supported: this server is not a proxy"
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if version == "1.0":
            # RFC 9112, section 6.1: its framing cannot be relied on.
            return 400, "Transfer-Encoding is not allowed in HTTP/1.0"
        if coding.lower() != b"chunked":
            return 501, "Transfer-Encoding may only be chunked"
    host = fields.get(b"host")
    # RFC 9110, section 7.2, allows an empty one. A missing one is accepted, against RFC 9112, section 3.2: like a host
    # that is not listed, it stands for the default region.
    if host and not is_host(host):
        return 400, "The Host header is not a host name or address with an optional port up to 65535"
    return None if target.startswith(b"/") else _of_target(method, target)


def protocol_fault(data: bytes, *, begins_line: bool) -> Fault | None:
    """Why bytes with a request line of RTSP or Icecast are refused; `begins_line`: whether they begin a line. No JSON
    has a line like that, so a body that is served does not either."""
    if b"RTSP/" not in data and b"ICE/" not in data:
        return None
    found = _LATER_LINE.search(data) or (begins_line and _FIRST_LINE.match(data))
    return _NOT_SERVED if found else None


def is_host(text: bytes) -> bool:
    """Whether this is a host with an optional port (RFC 3986, section 3.2): a port may be empty."""
    found = _HOST.fullmatch(text) if len(text) <= _HOST_LIMIT else None
    return found is not None and int(found[1] or 0) <= _LAST_PORT


def _of_target(method: bytes, target: bytes) -> Fault | None:
    """RFC 9112, section 3.2: a whole URL, or `*` with OPTIONS."""
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None:
        allowed = target == b"*" and method == b"OPTIONS"
        return None if allowed else (400, "The request target is neither a path nor an http or https URL")
    if not is_host(absolute[1]):
        return 400, "The request target names no valid host"
    return None
