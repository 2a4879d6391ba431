"""Rounds of the event loop: what one of them read, and the header lines that are the same for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary, proxy

from uvicorn.server import ServerState

from sayso.http.response import line

#: How many answers are sent at a time: a client that has some already asks again while the others are made.
TOGETHER = 16


class Round:
    """What one round of the loop read is answered back to back, and then sent back to back: code that takes turns with
    system calls runs cold, and a client that waits would be woken for every answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = proxy(loop)
        self._ready: list[Callable[[], None]] = []
        self._running = False
        self._unsent: list[tuple[asyncio.Transport, bytes]] = []
        self._given: list[tuple[bytes, bytes]] = []
        self._defaults = b""

    def defaults(self, state: ServerState) -> bytes:
        """The header lines that the server gives every answer: a new list of them each second, for the date."""
        if state.default_headers is not self._given:
            self._given = state.default_headers
            self._defaults = b"".join(line(*header) for header in self._given)
        return self._defaults

    def add(self, answer: Callable[[], None]) -> None:
        if not self._ready:
            self._loop.call_soon(self._run)
        self._ready.append(answer)

    def _run(self) -> None:
        ready, self._ready = self._ready, []
        self._running = True
        for answer in ready:
            try:
                answer()
            except Exception as error:  # noqa: BLE001
                self._loop.call_exception_handler({"message": "a request failed", "exception": error})
        self._running = False
        self.flush()

    def send(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send with other answers of this round."""
        if not (self._unsent or self._running):
            self._loop.call_soon(self.flush)
        self._unsent.append((transport, answer))
        if len(self._unsent) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Send what is unsent: to be called before anything else is done with a transport that was given to `send`."""
        unsent, self._unsent = self._unsent, []
        for transport, answer in unsent:
            if not transport.is_closing():
                transport.write(answer)


ROUNDS: WeakKeyDictionary[asyncio.AbstractEventLoop, Round] = WeakKeyDictionary()
