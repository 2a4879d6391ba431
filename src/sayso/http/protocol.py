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

from uvicorn import Config
from uvicorn.server import ServerState

from sayso.http.heads import Heads
from sayso.http.limits import POLITE, Limits
from sayso.http.reader import NO_ROOM, SILENCE, Reader, Silence
from sayso.http.request import Request
from sayso.http.response import Response, beginning
from sayso.http.round import ROUNDS, Round
from sayso.http.waiting import Waiting
from sayso.http.watch import watch_of

#: How many requests may wait for the answer to the one before them, on one connection.
PIPELINE_LIMIT = 32

#: How long a connection may be idle, and how long a request may take to arrive, in seconds.
IDLE_LIMIT = 75.0
ARRIVAL_LIMIT = 30.0

#: How long a refused client may take to read why, in seconds.
LINGER = 2.0


#: How long a stopping server waits for the rest of a request, in seconds.
LAST_ARRIVAL = 5.0

#: What a request that waits takes beside its bytes, in bytes: objects.
OVERHEAD = 1024

Respond = Callable[[Request], Coroutine[Any, Any, Response]]
Refuse = Callable[[int, str, str], Response]


# Who comes to one of these took long over a handshake that began before.
_STOPPING: WeakSet[ServerState] = WeakSet()


def stops(state: ServerState) -> None:
    """Tell that a server is stopping: whoever is connected from now on is answered once and let go."""
    _STOPPING.add(state)


class HttpProtocol(asyncio.Protocol):
    """One connection. The application answers requests by `respond(request)`, and what never became one by
    `refuse(status, client, why)`: 400, 408, 429, 431, 501, 503 or 505. Its `limits` are those of the process."""

    # Thousands of connections may be silent: what only a request needs is made with the first one.
    __slots__ = (
        "__weakref__",
        "_active",
        "_busy",
        "_closing",
        "_ending",
        "_half_closed",
        "_heads",
        "_held",
        "_limits",
        "_loop",
        "_reader",
        "_refusal",
        "_refused",
        "_respond",
        "_round",
        "_state",
        "_told",
        "_transport",
        "_waiting",
        "_watch",
        "_why",
        "_work",
        "_write_paused",
        "client",
        "key",
        "scheme",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._respond = cast("Respond", config.loaded_app.respond)
        self._refusal = cast("Refuse", config.loaded_app.refuse)
        self._limits = cast("Limits", config.loaded_app.limits)
        self._state = server_state
        self._loop = _loop or asyncio.get_event_loop()
        self._round = ROUNDS.setdefault(self._loop, Round(self._loop))
        self._watch = watch_of(self._loop)
        self._heads = _HEADS.setdefault(config, Heads())
        self._reader: Reader | Silence = SILENCE
        self._transport: asyncio.Transport
        self.client, self.scheme, self.key = "", "http", ""
        # With each request, whether the connection is kept, and how many bytes were counted for it.
        self._waiting: deque[tuple[Request, bool, int]] = _NONE
        self._held = 0
        self._busy = False
        self._work: Waiting | None = None
        self._closing = self._half_closed = False
        self._refused = self._told = 0
        self._why = ""
        self._write_paused = False
        self._ending: asyncio.TimerHandle | None = None
        self._active = 0.0

    def admit(self, client: str) -> bool:
        """Count this connection for its client. False where it is to be dropped without a word; a client with too many
        connections is otherwise told so once the connection is made."""
        self.client = client
        if self._limits.per_address and client:
            self.key = self._limits.key(client)
        excess = self._limits.connections.add(self.key) if self.key else 0
        if excess > 0:
            self._refused, self._why = 429, "This address has too many connections"
        return excess <= POLITE

    def give_back(self) -> None:
        """Stop counting a connection that is lost or was never made."""
        if self.key and self not in self._state.connections:
            self._limits.connections.remove(self.key)
            self.key = ""

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(self)  # type: ignore[arg-type]
        self._watch.add(self)
        self.scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._active = self._loop.time()
        if not self.client:
            peer = transport.get_extra_info("peername")
            if not self.admit(str(peer[0]) if isinstance(peer, tuple) else ""):
                self._transport.abort()
        self._say_why()
        if self._state in _STOPPING:
            self._closing = True
            self._end_after(LAST_ARRIVAL, self.shutdown)

    def connection_lost(self, error: Exception | None) -> None:
        self._state.connections.discard(self)
        self._closing = True
        self._drop_waiting()
        self._reader.close()
        self.give_back()
        self._watch.remove(self)
        # Nothing may lead back here but work that goes on: the collector of cycles runs rarely.
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._work is not None:
            self._work.abandon()

    def eof_received(self) -> bool:
        """The client has closed the connection, or only its sending side; nothing tells which (ADR 0008). Close
        (False), unless there is a request to answer that must not be cancelled.
        """
        self._round.flush()
        if self._work is not None:
            if self._work.request.cancellable:
                return False
            self._work.abandon()
        self._half_closed = self._closing = True
        self._reader.arriving = False
        # TLS closes in any case.
        return (self._busy or bool(self._waiting)) and self.scheme == "http"

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if self._refused:
            reader.discard(len(data))
        elif not reader.arriving and (request := self._heads.whole(data, self.client, self.scheme)) is not None:
            self.queue(request, keep_alive=True, size=len(data))
        else:
            if reader is SILENCE:
                reader = self._reader = Reader(self, self._loop.time, self._heads, self._limits.unfinished)
            reader.feed(data)

    def pause_writing(self) -> None:
        self._write_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._write_paused = False
        self._active = self._loop.time()
        if len(self._waiting) < PIPELINE_LIMIT:
            self._transport.resume_reading()
        self._next()

    def shutdown(self) -> None:
        """The server is stopping: what was accepted is answered, then the connection closes."""
        self._round.flush()
        self._closing = True
        if self._reader.unfinished:
            self._end_after(LAST_ARRIVAL, self._give_up)
        elif not (self._busy or self._waiting):
            self.leave()

    # What becomes of a request.

    def queue(self, request: Request, *, keep_alive: bool, size: int) -> None:
        waiting = self._waiting
        if waiting is _NONE:
            waiting = self._waiting = deque()
        if not (waiting or self._busy):
            waiting.append((request, keep_alive, 0))
            self._round.add(self._next)
            return
        size += OVERHEAD
        if not self._limits.unfinished.take(self.key, size):
            self.refuse(503, NO_ROOM)
            return
        self._held += size
        waiting.append((request, keep_alive, size))
        if len(waiting) == PIPELINE_LIMIT:
            self._transport.pause_reading()

    def invite(self) -> None:
        if not (self._busy or self._refused):
            self._round.flush()
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

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
        if self._half_closed:
            waiting.abandon()

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
        for _ in range(PIPELINE_LIMIT):
            if not waiting or self._busy or self._write_paused:
                break
            if len(waiting) == PIPELINE_LIMIT:
                self._transport.resume_reading()
            request, keep_alive, size = waiting.popleft()
            if size:
                self._limits.unfinished.give_back(self.key, size)
                self._held -= size
            self._answer(request, keep_alive)
        else:
            # Others come in between.
            self._round.add(self._next)
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
            self._drop_waiting()
            if self._reader.arriving:
                self._refused = self._told = response.status
                self._reader.stop()
                self._linger()
            else:
                self.leave()

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
        if self._reader.unfinished:
            self.refuse(408)

    def refuse(self, status: int, why: str = "") -> None:
        """Read no more requests from this connection, and close it once what came before is answered."""
        if not self._refused:
            self._refused, self._why = status, why
            self._reader.stop()
            self._say_why()

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._limits.unfinished.give_back(self.key, self._held)
        self._held = 0

    def _say_why(self) -> None:
        """Tell a refusal, after the answers to what came before it."""
        status = self._refused
        if not status or self._busy or self._waiting or self._told or self._transport.is_closing():
            return
        self._told = status
        self._closing = True
        response = self._refusal(status, self.client, self._why)
        self._round.flush()
        self._transport.write(self._start(response, response.body, close=True))
        self._linger()

    def leave(self) -> None:
        """Close, but wait neither for a client that does not read its last answer, nor for the goodbye of TLS, which
        one that keeps an idle connection does not say."""
        self._transport.close()
        if self.scheme == "https" or self._transport.get_write_buffer_size():
            self._end_after(LINGER, self._abandon)

    def _abandon(self) -> None:
        slow = self._loop.time() - self._active >= ARRIVAL_LIMIT
        if slow or not self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._end_after(LINGER, self._abandon)

    def _linger(self) -> None:
        """Close, but not at once: with bytes of the client's unread, the answer would be lost to a reset."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._end_after(LINGER, self.leave)
        else:
            self.leave()

    def _end_after(self, seconds: float, end: Callable[[], None]) -> None:
        """Do this later, in place of what was to end the connection before."""
        if self._ending is not None:
            self._ending.cancel()
        self._ending = self._loop.call_later(seconds, end)

    def look(self) -> None:
        """Look whether nothing happens, a request arrives too slowly, or answers are not read."""
        now = self._loop.time()
        quiet = now - self._active
        if self._write_paused:
            if quiet >= IDLE_LIMIT:
                self._transport.abort()
        elif self._reader.unfinished:
            if now - max(self._active, self._reader.began) >= ARRIVAL_LIMIT:
                self.refuse(408)
        elif not (self._busy or self._waiting) and quiet >= IDLE_LIMIT:
            self.leave()


# Nothing is ever added to it.
_NONE: deque[tuple[Request, bool, int]] = deque()

# One application's: what it recognised in the fields is nobody else's.
_HEADS: WeakKeyDictionary[Config, Heads] = WeakKeyDictionary()
