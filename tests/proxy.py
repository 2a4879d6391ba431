"""A TCP proxy between a client and PostgreSQL, with faults: it cuts, stalls and swallows, also at a chosen statement.

It reads the protocol as far as it must: which statements a client runs, and when the server has answered.
TLS it cannot look into; what it cannot read, it passes on whole.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Any

from benchmarks.cluster import reserved_port
from tests.machine import DEADLINE

_CANCEL, _TLS, _GSS = 80877102, 80877103, 80877104

#: After these the server acts: Sync, Query, Flush, what belongs to logging in, COPY's data, and Terminate.
_ENDS = b"SQHpdcfX"

_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


class Flow(Enum):
    """What happens to bytes on their way. Stalled ones arrive later. Swallowed ones never do, nor does anything after
    them on that connection, its end included: neither side learns that the other has left."""

    PASS = auto()
    STALL = auto()
    SWALLOW = auto()


class Fate(Enum):
    """What happens to a statement. LOST: the server never hears of it. DONE: the server has answered, and the client
    never hears of it; then the connection is cut. UNANSWERED: as DONE, but the connection stays open and silent.
    UNHEARD: as UNANSWERED, but the server never hears of it. LAST: both hear of it, then the client is cut off and the
    proxy refuses new connections. HELD: it waits for `release`, and goes on even when its
    client has left."""

    LOST = auto()
    DONE = auto()
    UNANSWERED = auto()
    UNHEARD = auto()
    LAST = auto()
    HELD = auto()


@dataclass(frozen=True, slots=True)
class Unit:
    """What a client sends before it waits for an answer: its bytes, and the statements that they run.

    `alone`: no transaction was open before it.
    """

    raw: bytes
    statements: tuple[str, ...]
    alone: bool

    def commits(self) -> bool:
        """Whether it makes something durable: COMMIT, or a write in no transaction."""
        if any(sql.lstrip().upper().startswith("COMMIT") for sql in self.statements):
            return True
        writes = any(_WRITES.search(sql) and not sql.lstrip().upper().startswith("SELECT") for sql in self.statements)
        return self.alone and writes

    def reads(self) -> bool:
        """Whether it reads contacts, and writes nothing."""
        told = " ".join(self.statements)
        return bool(re.search(r"\bSELECT\b.*\bcontacts\b", told, re.DOTALL)) and not _WRITES.search(told)


@dataclass(slots=True)
class Trap:
    """Waits for units that fit, `times` of them. `sprung` is set when the last has met its fate."""

    fits: Callable[[Unit], bool]
    fate: Fate
    times: int = 1
    caught: list[Unit] = field(default_factory=list)
    sprung: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def catches(self, unit: Unit) -> bool:
        if len(self.caught) >= self.times or not self.fits(unit):
            return False
        self.caught.append(unit)
        return True

    def spring(self) -> None:
        if len(self.caught) >= self.times:
            self.sprung.set()

    async def wait(self, seconds: float = DEADLINE) -> None:
        await asyncio.wait_for(self.sprung.wait(), seconds)

    def release(self) -> None:
        """Let go of what is held."""
        self.released.set()


class Proxy:
    """`async with Proxy(host, port) as proxy:` listens on `proxy.port` of 127.0.0.1."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.server_port = host, port
        # Reserved until the end: it refuses for a while, then listens there again.
        self._reserved = reserved_port()
        self.port = int(self._reserved.getsockname()[1])
        self.accepted = 0
        self.to_server = Flow.PASS
        self.to_client = Flow.PASS
        self.traps: list[Trap] = []
        self.open: set[_Link] = set()
        self._listener: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._reserved.close()

    async def listen(self) -> None:
        """Take connections, as at first or after `refuse`."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def refuse(self) -> None:
        """Take no more connections; those that are open stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def cut(self) -> None:
        """Reset every open connection, on both sides."""
        for link in list(self.open):
            link.cut()

    def flow(self, to_server: Flow = Flow.PASS, to_client: Flow = Flow.PASS) -> None:
        """What happens from now on, to open connections and new ones."""
        self.to_server, self.to_client = to_server, to_client
        # Whoever waits looks again.
        self._passing.set()
        self._passing = asyncio.Event()

    def trap(self, fits: Callable[[Unit], bool], fate: Fate, times: int = 1) -> Trap:
        self.traps.append(Trap(fits, fate, times))
        return self.traps[-1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            server = await asyncio.open_connection(self.host, self.server_port)
        except OSError:
            _reset(writer)
            return
        link = _Link(self, (reader, writer), server)
        self.open.add(link)
        for pump in (link.to_server(), link.to_client()):
            self._tasks.add(asyncio.create_task(link.until_the_end(pump)))

    async def unstalled(self, *, to_server: bool) -> Flow:
        """What to do with the next bytes, once they are not to wait."""
        while (flow := self.to_server if to_server else self.to_client) is Flow.STALL:
            await self._passing.wait()
        return flow


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection, seen from both sides. `deaf`: the server hears no more of it; `mute`: the client does not."""

    def __init__(self, proxy: Proxy, client: Streams, server: Streams) -> None:
        self._proxy = proxy
        self._from_client, self._client = client
        self._from_server, self._server = server
        self._asked = _Asked()
        self._answered = _Answered()
        self._deaf = self._mute = False

    def cut(self) -> None:
        self._proxy.open.discard(self)
        _reset(self._client)
        _reset(self._server)

    async def until_the_end(self, pump: Coroutine[Any, Any, None]) -> None:
        with suppress(OSError):
            await pump
        self.cut()

    async def to_server(self) -> None:
        while True:
            piece = await self._from_client.read(65536)
            self._deaf |= await self._proxy.unstalled(to_server=True) is Flow.SWALLOW
            if not piece:
                break
            if not self._deaf:
                await self._pass_on(piece)
        if self._deaf:
            await self._answered.over.wait()

    async def _pass_on(self, piece: bytes) -> None:
        if self._answered.encrypted:
            self._server.write(piece)
        else:
            for raw, statements in self._asked.units(piece):
                self._answered.asked_to_encrypt |= self._asked.to_encrypt
                await self._meet(Unit(raw, statements, self._answered.idle))
        await self._server.drain()

    async def _meet(self, unit: Unit) -> None:
        trap = next((trap for trap in self._proxy.traps if trap.catches(unit)), None)
        if trap is None:
            if not self._deaf:
                self._server.write(unit.raw)
            return
        await _FATES[trap.fate](self, unit, trap)
        trap.spring()

    async def lose(self, unit: Unit, trap: Trap) -> None:
        self.cut()

    async def do(self, unit: Unit, trap: Trap) -> None:
        await self.leave_unanswered(unit, trap)
        self.cut()

    async def leave_unanswered(self, unit: Unit, trap: Trap) -> None:
        self._mute = True
        await self._done(unit)

    async def leave_unheard(self, unit: Unit, trap: Trap) -> None:
        self._deaf = True

    async def hold(self, unit: Unit, trap: Trap) -> None:
        trap.spring()
        await trap.released.wait()
        await self._done(unit)

    async def be_last(self, unit: Unit, trap: Trap) -> None:
        self._proxy.refuse()
        await self._done(unit)
        # An end, not a reset: that would take back the answer.
        self._client.close()
        for other in self._proxy.open - {self}:
            other.cut()

    async def _done(self, unit: Unit) -> None:
        self._answered.ready.clear()
        self._server.write(unit.raw)
        await self._answered.ready.wait()

    async def to_client(self) -> None:
        try:
            while True:
                piece = await self._from_server.read(65536)
                self._answered.hear(piece)
                self._mute |= await self._proxy.unstalled(to_server=False) is Flow.SWALLOW
                if not piece:
                    break
                if not self._mute:
                    self._client.write(piece)
                    await self._client.drain()
        finally:
            self._answered.end()


_FATES: dict[Fate, Callable[[_Link, Unit, Trap], Awaitable[None]]] = {
    Fate.LOST: _Link.lose,
    Fate.DONE: _Link.do,
    Fate.UNANSWERED: _Link.leave_unanswered,
    Fate.UNHEARD: _Link.leave_unheard,
    Fate.LAST: _Link.be_last,
    Fate.HELD: _Link.hold,
}


class _Asked:
    """What a client says, message by message. `to_encrypt`: its last one asked for TLS."""

    def __init__(self) -> None:
        self.to_encrypt = False
        self._rest = b""
        self._begun = False
        self._prepared: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def units(self, piece: bytes) -> Iterator[tuple[bytes, tuple[str, ...]]]:
        self._rest += piece
        raw, statements = b"", []
        while (message := self._message()) is not None:
            raw += message
            if not self._framed(message):
                yield raw, ()
                raw = b""
                continue
            statements += self._runs(message)
            if message[0] in _ENDS:
                yield raw, tuple(statements)
                raw, statements = b"", []
        # Half a unit waits for its other half.
        self._rest = raw + self._rest

    def _message(self) -> bytes | None:
        start = 1 if self._begun else 0
        if len(self._rest) < start + 4:
            return None
        end = start + int.from_bytes(self._rest[start : start + 4])
        if len(self._rest) < end:
            return None
        message, self._rest = self._rest[:end], self._rest[end:]
        return message

    def _framed(self, message: bytes) -> bool:
        """Whether it is an ordinary message: what comes before logging in has no type."""
        if self._begun:
            return True
        code = int.from_bytes(message[4:8])
        self.to_encrypt = code in (_TLS, _GSS)
        self._begun = code not in (_TLS, _GSS, _CANCEL)
        return False

    def _runs(self, message: bytes) -> list[str]:
        kind, body = message[:1], message[5:]
        first, _, more = body.partition(b"\0")
        if kind == b"Q":
            return [first.decode()]
        if kind == b"P":
            self._prepared[first] = more.partition(b"\0")[0].decode()
        if kind == b"B":
            self._portals[first] = self._prepared.get(more.partition(b"\0")[0], "")
        return [self._portals[first]] if kind == b"E" else []


class _Answered:
    """What the server says. `ready`: it has answered; `idle`: no transaction is open; `over`: it has left."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.over = asyncio.Event()
        self.idle = False
        self.asked_to_encrypt = False
        self.encrypted = False
        self._rest = b""

    def hear(self, piece: bytes) -> None:
        if self.asked_to_encrypt:
            self.asked_to_encrypt = False
            self.encrypted = piece[:1] in (b"S", b"G")
            piece = piece[1:]
        if self.encrypted:
            return
        self._rest += piece
        while len(self._rest) > 4 and len(self._rest) > (end := int.from_bytes(self._rest[1:5])):
            kind, status = self._rest[:1], self._rest[5:6]
            self._rest = self._rest[end + 1 :]
            if kind == b"Z":
                self.idle = status == b"I"
                self.ready.set()

    def end(self) -> None:
        self.ready.set()
        self.over.set()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and not writer.is_closing():
        with suppress(OSError):
            # A reset, not a polite end.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
