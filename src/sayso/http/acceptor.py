"""Accepting connections: each counts for its address before its TLS handshake, and processes that listen on the same
socket get a share each."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import structlog

from sayso.http.crew import Member
from sayso.http.protocol import HttpProtocol

#: How long one who has more connections than another leaves a new one to them, in seconds.
COURTESY = 0.002

#: How long none is taken after one could not be, for want of files, in seconds.
RESPITE = 0.5

#: How long a TLS handshake may take, in seconds.
HANDSHAKE_LIMIT = 10.0

#: How many unfinished TLS handshakes this process keeps, of all addresses together: each takes about 54 KB.
HANDSHAKES_LIMIT = 1_024


class Acceptor:
    """With the event loop's own server, nothing would know of a connection before its handshake is over. Of several
    processes, the first to wake would take all that have arrived, and keep them as long as their clients do.

    `member`: this process's place among others on the same socket.
    """

    def __init__(
        self,
        listener: socket.socket,
        connect: Callable[[], HttpProtocol],
        connected: Callable[[], int],
        tls: ssl.SSLContext | None,
        member: Member | None,
    ) -> None:
        self._listener = listener
        self._connect = connect
        self._connected = connected
        self._tls = tls
        self._member = member
        self._loop = asyncio.get_running_loop()
        # By age, the oldest first.
        self._arriving: dict[asyncio.Task[object], socket.socket] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def unfinished(self) -> int:
        """How many connections were accepted whose TLS handshake is not over."""
        return len(self._arriving)

    def start(self) -> None:
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._ready)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._listener)

    def _ready(self) -> None:
        if self._member is not None:
            self._member.told(self._connected() + len(self._arriving))
            if self._member.is_busier():
                self._pause(COURTESY)
                return
        self._accept()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        # One at least, however many others have: they may have no time.
        self._loop.add_reader(self._listener, self._ready)
        self._accept()

    def _accept(self) -> None:
        try:
            accepted, address = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            structlog.get_logger().error("no connection can be taken", error=type(error).__name__, number=error.errno)
            self._pause(RESPITE)
            return
        connection = self._connect()
        if not connection.admit(address[0]):
            accepted.close()
            connection.give_back()
            return
        if len(self._arriving) >= HANDSHAKES_LIMIT:
            self._end_oldest()
        task: asyncio.Task[object] = self._loop.create_task(self._hand_over(accepted, connection))
        self._arriving[task] = accepted
        task.add_done_callback(self._forget)

    def _end_oldest(self) -> None:
        """End the handshake that has taken longest. An honest client needs milliseconds, so it is most likely not one;
        to refuse new connections instead would let those who stay silent lock out everybody else."""
        accepted = self._arriving.pop(next(iter(self._arriving)))
        # The transport owns the socket: it reads an end, and closes. The client may be gone already.
        with suppress(OSError):
            accepted.shutdown(socket.SHUT_RDWR)

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._arriving.pop(task, None)

    async def _hand_over(self, accepted: socket.socket, connection: HttpProtocol) -> None:
        try:
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_LIMIT,
            )
        except OSError:
            # The client is gone, too slow, or does not speak TLS: nobody waits for an answer.
            accepted.close()
        finally:
            connection.give_back()
