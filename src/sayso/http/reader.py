"""Bytes of a connection to requests, on httptools' parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import httptools

from sayso.http.heads import Heads
from sayso.http.limits import Budget
from sayso.http.request import Fields, Request
from sayso.http.validity import fault, protocol_fault

#: How much a request line and its headers may hold together, in bytes, and how many headers there may be.
HEAD_LIMIT = 64 * 1024
HEADERS_LIMIT = 200

#: What a header takes beside its bytes, in bytes: two objects and their place among the fields.
HEADER_OVERHEAD = 128

#: How much of a body is kept, in bytes; a longer one is handed on as too large.
BODY_LIMIT = 1024 * 1024

#: How much of a request that nobody wants is read and thrown away before the connection is closed.
DISCARD_LIMIT = 32 * 1024 * 1024

#: Said of a client that sends more than there is room for.
NO_ROOM = "The server holds too many unfinished requests: try again later"


class Connection(Protocol):
    """Where requests go. `key` is what the client is counted as."""

    client: str
    scheme: str
    key: str

    def queue(self, request: Request, *, keep_alive: bool, size: int) -> None: ...

    def invite(self) -> None:
        """Tell a client that waits for it to send the body."""

    def refuse(self, status: int, why: str = "") -> None: ...

    def leave(self) -> None: ...


class Silence:
    """Stands for the reader of a connection on which nothing came."""

    began = 0.0
    arriving = unfinished = False

    def feed(self, data: bytes) -> None:
        raise NotImplementedError

    def discard(self, size: int) -> None:
        """That much is never sent here: connections that are refused at once close soon."""

    def stop(self) -> None: ...

    def close(self) -> None: ...


SILENCE = Silence()


class Reader:
    """`arriving` while a request has begun and not ended; `handed_on` once it was handed on, as one whose body is too
    large is before its end; `began` is when it began, by the loop's clock."""

    __slots__ = (
        "__weakref__",
        "_begun_here",
        "_body",
        "_budget",
        "_clock",
        "_connection",
        "_count",
        "_discarded",
        "_head",
        "_headers",
        "_heads",
        "_held",
        "_in_head",
        "_in_trailer",
        "_keep_alive",
        "_line",
        "_offered",
        "_parser",
        "_size",
        "_stopped",
        "_target",
        "_unfinished_fields",
        "arriving",
        "began",
        "handed_on",
    )

    def __init__(self, connection: Connection, clock: Callable[[], float], heads: Heads, budget: Budget) -> None:
        self._connection = connection
        self._clock = clock
        self._heads = heads
        self._budget = budget
        self._parser = httptools.HttpRequestParser(self)
        self._stopped = False
        self._held = self._discarded = 0
        self.arriving = self._in_head = False
        self.began = 0.0
        self._begin()

    def _begin(self) -> None:
        # The request line, or what follows it, as far as it has come without an end.
        self._line = b""
        self._target = b""
        self._headers = Fields()
        self._body: bytes | bytearray = b""
        self._head = self._unfinished_fields = self._count = self._size = self._discarded = 0
        self._in_trailer = False
        self.handed_on = self._offered = self._keep_alive = False

    @property
    def unfinished(self) -> bool:
        """Whether a request is not here yet as far as it is wanted."""
        return self.arriving and not self.handed_on

    def feed(self, data: bytes) -> None:
        begins, self._begun_here = not self.arriving, False
        lines = self._line + data
        wrong = protocol_fault(lines, begins_line=begins or (self._in_head and not self._count))
        if wrong is not None:
            self._connection.refuse(*wrong)
            return
        rest: bytes | memoryview | None = data
        while rest and not self._stopped:
            rest = self._parse(rest)
            if rest is not None and self._offered:
                self._parse(self._plain_head())
        if self._stopped:
            return
        if self.arriving:
            self._line = lines[lines.rfind(b"\n") + 1 :] if self._in_head and not self._count else b""
            self._hold(len(data))
        elif begins and self._keep_alive and not self.arriving:
            self._heads.keep(data, self._headers)

    def discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > DISCARD_LIMIT:
            self._connection.leave()

    def stop(self) -> None:
        """Read no further: what comes now is nobody's request. Frees what was kept."""
        if self._stopped:
            return
        self._stopped = True
        self._let_go()
        # It and this reader hold each other, and the collector runs rarely.
        del self._parser
        self.arriving = False
        self._begin()

    def close(self) -> None:
        self.stop()
        del self._connection

    # What the parser says.

    def on_message_begin(self) -> None:
        if self._stopped:
            return
        self._begin()
        self.arriving = self._in_head = self._begun_here = True
        self.began = self._clock()

    def on_url(self, url: bytes) -> None:
        if not self._stopped:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._stopped:
            return
        self._head += len(name) + len(value) + 4
        self._count += 1
        if self._head > HEAD_LIMIT or self._count > HEADERS_LIMIT:
            self._connection.refuse(431)
            return
        # A trailer is none of the fields that proxies and checks have seen.
        if not self._in_head:
            return
        name = name.lower()
        if name in _ONCE and name in self._headers:
            self._connection.refuse(400, f"{_ONCE[name]} was sent twice")
            return
        # RFC 9110, section 5.5: blanks around a value are none of it; the parser leaves those at its end.
        self._headers[name] = value.rstrip(b" \t")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unfinished_fields = 0
        if self._stopped:
            return
        parser = self._parser
        wrong = fault(parser.get_method(), self._target, parser.get_http_version(), self._headers)
        if len(self._target) > HEAD_LIMIT:
            self._connection.refuse(431)
        elif wrong is not None:
            self._connection.refuse(*wrong)
        elif b"upgrade" in self._headers and parser.should_upgrade():
            self._offered = b"content-length" in self._headers or b"transfer-encoding" in self._headers
        elif int(self._headers.get(b"content-length", b"0")) > BODY_LIMIT:
            self._hand_on(None)
        elif self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._connection.invite()

    def on_chunk_header(self) -> None:
        # Where no data follows, this chunk was the last one.
        self._in_trailer = self._begun_here = True
        self._unfinished_fields = 0

    def on_body(self, body: bytes) -> None:
        self._in_trailer = False
        self._unfinished_fields = 0
        if self._stopped:
            return
        if self.handed_on:
            self.discard(len(body))
            return
        self._size += len(body)
        if self._size > BODY_LIMIT:
            self._hand_on(None)
        elif not self._body:
            self._body = body
        else:
            # One object however small the chunks are.
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body

    def on_message_complete(self) -> None:
        self.arriving = False
        if not (self._stopped or self.handed_on or self._offered):
            self._hand_on(bytes(self._body))

    # What becomes of a request.

    def _parse(self, data: bytes | memoryview) -> memoryview | None:
        """What follows an offer of another protocol (h2c): it is ignored, and the client goes on in HTTP/1.1."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return memoryview(data)[upgrade.args[0] :]
        except httptools.HttpParserError:
            self._connection.refuse(400)
        return None

    def _plain_head(self) -> bytes:
        """The head once more, without its offer of another protocol: for that, the parser leaves out the body."""
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        fields = dict(self._headers)
        del fields[b"upgrade"]
        close = b"close" in fields.pop(b"connection", b"").lower()
        lines = [b"%s: %s\r\n" % field for field in fields.items()]
        self._parser = httptools.HttpRequestParser(self)
        head = b"%s %s HTTP/%s\r\n%s" % (method, self._target, version, b"".join(lines))
        return head + (b"connection: close\r\n\r\n" if close else b"\r\n")

    def _hold(self, size: int) -> None:
        """Count what is kept of a request that is not complete. One that came in one piece is never counted."""
        if self._in_head or self._in_trailer:
            # The parser keeps a field until it is whole. Where the fields began in this read, other bytes came first.
            self._unfinished_fields += min(size, HEAD_LIMIT) if self._begun_here else size
            if self._unfinished_fields > 2 * HEAD_LIMIT:
                self._connection.refuse(431)
                return
        if self.handed_on:
            return
        kept = 0 if self._in_head else len(self._target) + self._head
        fields = kept + self._unfinished_fields + len(self._line) + self._count * HEADER_OVERHEAD
        more = fields + self._size - self._held
        if self._budget.take(self._connection.key, more):
            self._held += more
        else:
            self._connection.refuse(503, NO_ROOM)

    def _let_go(self) -> None:
        self._budget.give_back(self._connection.key, self._held)
        self._held = 0
        self._body = b""

    def _hand_on(self, body: bytes | None) -> None:
        self.handed_on = True
        self._let_go()
        parser, connection = self._parser, self._connection
        self._keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        method = parser.get_method().decode()
        request = Request(method, self._target, self._headers, body, connection.client, connection.scheme)
        size = len(self._target) + self._head + self._count * HEADER_OVERHEAD + len(body or b"")
        connection.queue(request, keep_alive=self._keep_alive, size=size)


# RFC 9112, sections 3.2 and 6.1: two would say two things, about whose data this is and where the request ends.
_ONCE = {b"host": "Host", b"transfer-encoding": "Transfer-Encoding"}
