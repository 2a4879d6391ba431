"""HTTP/1.1 on a connection: bytes to requests, responses to bytes.

A protocol of our own on httptools' parser, run by uvicorn's server, which keeps the sockets, TLS, signals and the
date. A request is handed on whole and a response is written in one piece; an answer that needs no waiting is made
without a task, together with all others that the same round of the loop brought.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from sayso.http.heads import Heads
from sayso.http.request import Fields, Request
from sayso.http.response import Response, beginning
from sayso.http.round import ROUNDS, Round
from sayso.http.waiting import Waiting

#: How much a request line and its headers may hold together, in bytes, and how many headers there may be.
HEAD_LIMIT = 64 * 1024
HEADERS_LIMIT = 200

#: How much of a body is kept, in bytes; a longer one is handed on as too large.
BODY_LIMIT = 1024 * 1024

#: How much of a request that nobody wants is read and thrown away before the connection is closed.
DISCARD_LIMIT = 32 * 1024 * 1024

#: How many requests may wait for the answer to the one before them, on one connection.
PIPELINE_LIMIT = 32

#: How long a connection may be idle, and how long a request may take to arrive, in seconds.
IDLE_LIMIT = 75.0
ARRIVAL_LIMIT = 30.0

#: How long a refused client may take to read why, in seconds.
LINGER = 2.0


#: How long a stopping server waits for the rest of a request, in seconds.
LAST_ARRIVAL = 5.0

Respond = Callable[[Request], Coroutine[Any, Any, Response]]
Refuse = Callable[[int, str], Response]


# Who comes to one of these took long over a handshake that began before.
_STOPPING: WeakSet[ServerState] = WeakSet()


def stops(state: ServerState) -> None:
    """Tell that a server is stopping: whoever is connected from now on is answered once and let go."""
    _STOPPING.add(state)


class HttpProtocol(asyncio.Protocol):
    """One connection. The application answers requests by `respond(request)`, and what never became one by
    `refuse(status, client)`: 400, 408 or 431."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._respond = cast("Respond", config.loaded_app.respond)
        self._refusal = cast("Refuse", config.loaded_app.refuse)
        self._state = server_state
        self._loop = _loop or asyncio.get_event_loop()
        self._round = ROUNDS.setdefault(self._loop, Round(self._loop))
        self._heads = _HEADS.setdefault(config, Heads())
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._client, self._scheme = "", "http"
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._busy = False
        self._work: Waiting | None = None
        self._closing = self._half_closed = False
        self._refused = self._told = 0
        self._write_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._active = 0.0
        self._arriving = self._in_head = False
        self._begin()

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(self)  # type: ignore[arg-type]
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._active = self._loop.time()
        self._watch()
        if self._state in _STOPPING:
            self._closing = True
            self._loop.call_later(LAST_ARRIVAL, self.shutdown)

    def connection_lost(self, error: Exception | None) -> None:
        self._state.connections.discard(self)
        self._closing = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._work is not None and self._work.request.cancellable:
            self._work.cancel()

    def eof_received(self) -> bool:
        """The client has closed the connection, or only its sending side; nothing tells which (ADR 0008). Close
        (False), unless there is a request to answer that must not be cancelled.
        """
        self._round.flush()
        if self._work is not None and self._work.request.cancellable:
            return False
        self._half_closed = self._closing = True
        self._arriving = False
        # TLS closes in any case.
        return (self._busy or bool(self._waiting)) and self._scheme == "http"

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._discard(len(data))
            return
        begins = not self._arriving
        if begins and (request := self._heads.whole(data, self._client, self._scheme)) is not None:
            self._queue(request, keep_alive=True)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # An offer of another protocol (h2c) is ignored: the client goes on in HTTP/1.1.
            rest = data[upgrade.args[0] :]
            if self._offered:
                rest = self._plain_head() + rest
            if rest:
                self.data_received(rest)
        except httptools.HttpParserError:
            self._refuse(400)
        if self._in_head:
            self._unfinished += len(data)
            if self._unfinished > HEAD_LIMIT:
                self._refuse(431)
        elif begins and self._keep_alive and not self._arriving:
            self._heads.keep(data, self._headers)

    def pause_writing(self) -> None:
        self._write_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._write_paused = False
        if len(self._waiting) < PIPELINE_LIMIT:
            self._transport.resume_reading()
        self._next()

    def shutdown(self) -> None:
        """The server is stopping: what was accepted is answered, then the connection closes."""
        self._round.flush()
        self._closing = True
        arriving = self._arriving and not self._handed_on
        if arriving:
            self._loop.call_later(LAST_ARRIVAL, self._give_up)
        elif not (self._busy or self._waiting):
            self._leave()

    # What the parser says.

    def on_message_begin(self) -> None:
        self._begin()
        self._arriving = self._in_head = True
        self._active = self._loop.time()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4
        self._count += 1
        if self._head > HEAD_LIMIT or self._count > HEADERS_LIMIT:
            self._refuse(431)
        # A trailer is none of the fields that proxies and checks have seen.
        if not self._in_head:
            return
        name = name.lower()
        if name == b"host" and name in self._headers:
            # RFC 9112, section 3.2: the host says whose data this is about, and two would say two things.
            self._refuse(400)
        # RFC 9110, section 5.5: blanks around a value are none of it; the parser leaves those at its end.
        self._headers[name] = value.rstrip(b" \t")

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self._target) > HEAD_LIMIT:
            self._refuse(431)
        elif b"upgrade" in self._headers and self._parser.should_upgrade():
            self._offered = b"content-length" in self._headers or b"transfer-encoding" in self._headers
        elif int(self._headers.get(b"content-length", b"0")) > BODY_LIMIT and not self._refused:
            self._hand_on(None)
        elif self._headers.get(b"expect", b"").lower() == b"100-continue" and not (self._busy or self._refused):
            self._round.flush()
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        if self._handed_on:
            self._discard(len(body))
            return
        self._size += len(body)
        if self._size <= BODY_LIMIT:
            self._body.append(body)
        else:
            self._body.clear()
            self._hand_on(None)

    def on_message_complete(self) -> None:
        self._arriving = False
        if not (self._refused or self._handed_on or self._offered):
            body = self._body
            self._hand_on(b"".join(body) if body else b"")

    # What becomes of a request.

    def _begin(self) -> None:
        self._target = b""
        self._headers = Fields()
        self._body: list[bytes] = []
        self._head = self._unfinished = self._count = self._size = self._discarded = 0
        self._handed_on = self._offered = self._keep_alive = False

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

    def _hand_on(self, body: bytes | None) -> None:
        self._handed_on = True
        parser = self._parser
        self._keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        method = parser.get_method().decode()
        request = Request(method, self._target, self._headers, body, self._client, self._scheme)
        self._queue(request, keep_alive=self._keep_alive)

    def _queue(self, request: Request, *, keep_alive: bool) -> None:
        self._waiting.append((request, keep_alive))
        if len(self._waiting) == 1 and not self._busy:
            self._round.add(self._next)
        elif len(self._waiting) == PIPELINE_LIMIT:
            self._transport.pause_reading()

    def _answer(self, request: Request, keep_alive: bool) -> None:
        self._busy = True
        work = self._respond(request)
        try:
            pending = work.send(None)
        except StopIteration as done:
            self._write(request, done.value, keep_alive)
            return
        except BaseException:
            self._transport.close()
            raise
        waiting = Waiting(self._loop, work, self._finish, request, keep_alive=keep_alive)
        self._state.tasks.add(waiting)  # type: ignore[arg-type]
        waiting.on(pending)
        self._work = waiting
        if self._half_closed and request.cancellable:
            self._transport.close()

    def _finish(self, waiting: Waiting, response: Response | None) -> None:
        self._state.tasks.discard(waiting)
        self._work = None
        if response is None:
            # Without an answer the client must not go on waiting for one.
            self._transport.close()
            return
        self._write(waiting.request, response, waiting.keep_alive)
        if self._waiting or self._refused:
            self._next()

    def _next(self) -> None:
        waiting = self._waiting
        while waiting and not self._busy and not self._write_paused:
            if len(waiting) == PIPELINE_LIMIT:
                self._transport.resume_reading()
            self._answer(*waiting.popleft())
        if self._refused:
            self._say_why()

    def _write(self, request: Request, response: Response, keep_alive: bool) -> None:
        self._busy = False
        self._active = self._loop.time()
        self._state.total_requests += 1
        transport = self._transport
        if transport.is_closing():
            return
        close = not keep_alive or (self._closing and not self._waiting)
        body = b"" if request.method == "HEAD" else response.body
        answer = self._start(response, body, close=close)
        if not (close or self._waiting):
            self._round.send(transport, answer)
            return
        self._round.flush()
        transport.write(answer)
        if close:
            self._closing = True
            self._waiting.clear()
            if self._arriving:
                self._refused = self._told = response.status
                self._linger()
            else:
                self._leave()

    def _start(self, response: Response, body: bytes, *, close: bool) -> bytes:
        return b"%s%d\r\n%s%s%s%s" % (
            beginning(response.status, response.media_type),
            len(response.body),
            self._round.defaults(self._state),
            response.lines,
            b"connection: close\r\n\r\n" if close else b"\r\n",
            body,
        )

    # What nobody wants.

    def _give_up(self) -> None:
        if self._arriving and not self._handed_on:
            self._refuse(408)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > DISCARD_LIMIT:
            self._transport.close()

    def _refuse(self, status: int) -> None:
        if not self._refused:
            self._refused = status
            self._say_why()

    def _say_why(self) -> None:
        """Tell a refusal, after the answers to what came before it."""
        status = self._refused
        if not status or self._busy or self._waiting or self._told or self._transport.is_closing():
            return
        self._told = status
        self._closing = True
        response = self._refusal(status, self._client)
        self._round.flush()
        self._transport.write(self._start(response, response.body, close=True))
        self._linger()

    def _leave(self) -> None:
        """Close. In TLS that waits for the client's goodbye, which one that keeps an idle connection does not say."""
        self._transport.close()
        if self._transport.get_extra_info("sslcontext") is not None:
            self._loop.call_later(LINGER, self._abandon)

    def _abandon(self) -> None:
        if not self._transport.get_write_buffer_size():
            self._transport.abort()

    def _linger(self) -> None:
        """Close, but not at once: with bytes of the client's unread, the answer would be lost to a reset."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._loop.call_later(LINGER, self._transport.close)
        else:
            self._transport.close()

    def _watch(self) -> None:
        """Look once in a while whether the connection is idle, or its request too slow to arrive."""
        quiet = self._loop.time() - self._active
        if self._arriving and not self._handed_on and quiet >= ARRIVAL_LIMIT:
            self._refuse(408)
        elif not ((self._arriving and not self._handed_on) or self._busy or self._waiting) and quiet >= IDLE_LIMIT:
            self._transport.close()
        else:
            self._timer = self._loop.call_later(ARRIVAL_LIMIT / 2, self._watch)


# One application's: what it recognised in the fields is nobody else's.
_HEADS: WeakKeyDictionary[Config, Heads] = WeakKeyDictionary()
