"""uvicorn's HTTP protocol with limits of our own on what comes before a body, for which it has none."""

from __future__ import annotations

from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: How much a request line and its headers may hold together, in bytes, and how many headers there may be.
HEAD_LIMIT = 64 * 1024
HEADERS_LIMIT = 200

#: How much of a request that nobody wants is read and thrown away before the connection is closed.
DISCARD_LIMIT = 32 * 1024 * 1024

#: How long a refused client may take to read why, in seconds.
LINGER = 2.0


def _no_body(status: int) -> bytes:
    return b""


class LimitedProtocol(HttpToolsProtocol):
    """Answers 431 to a head past the limits and 400 to what is no HTTP, and closes after either.

    `refusal` gives the JSON body for a status.
    """

    refusal: Callable[[int], bytes] = staticmethod(_no_body)

    _in_head = False
    _unfinished = 0
    _head = 0
    _discarded = 0
    _refused = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._unfinished = self._head = self._discarded = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4
        if self._head <= HEAD_LIMIT and len(self.headers) < HEADERS_LIMIT:
            super().on_header(name, value)
        else:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) > HEAD_LIMIT:
            self._refuse(431)
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        if self.cycle.response_complete:
            self._discard(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._discard(len(data))
            return
        super().data_received(data)
        if self._in_head and not self._refused:
            self._unfinished += len(data)
            if self._unfinished > HEAD_LIMIT:
                self._refuse(431)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > DISCARD_LIMIT:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        if self._refused:
            return
        self._refused = True
        body = self.refusal(status)
        self.transport.write(
            b"%scontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (STATUS_LINE[status], len(body), body)
        )
        # Closed at once, with bytes of the client's unread, the answer would be lost to a reset.
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(LINGER, self.transport.close)
        else:
            self.transport.close()
