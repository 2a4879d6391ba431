"""Hostile connections: whatever they do, others are served meanwhile, and nothing of them stays in memory.

HOSTILE_SECONDS runs it for so long, with 10,000 connections at once; without it, for a few rounds with fewer.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
import trustme
from tests.machine import DEADLINE
from tests.running import Running

from sayso.http.acceptor import HANDSHAKES_LIMIT

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "0"))
AT_ONCE = 10_000 if SECONDS else 1_500
ROUNDS = 3

#: Each below the limit of connections of one address.
PER_ADDRESS = 300

HEAD = b"POST /contacts HTTP/1.1\r\nHost: sayso.test\r\n"


class Attacker:
    """Connections to a server from addresses of 127.0.0.0/8 that are the attacker's own."""

    def __init__(self, server: Running) -> None:
        url = urlsplit(server.url)
        self._server = (url.hostname, url.port)
        self._token = server.token.encode()
        self._opened = 0

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._opened += 1
        address = f"127.66.{self._opened // PER_ADDRESS % 250 + 1}.1"
        async with asyncio.timeout(DEADLINE):
            return await asyncio.open_connection(*self._server, local_addr=(address, 0))

    async def send(self, data: bytes) -> asyncio.StreamWriter:
        """Send and leave the connection open. The server may have closed it before all was sent."""
        _, writer = await self.connect()
        writer.write(data)
        with suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE):
                await writer.drain()
        return writer

    async def exchange(self, data: bytes) -> None:
        """Send, read until the server closes, or tires of it, and close."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            async with asyncio.timeout(DEADLINE):
                await reader.read()
        except ConnectionError:
            pass
        writer.close()

    # What it does, so many times each.

    async def whole_bodies(self, times: int) -> None:
        body = b"x" * 900_000
        for _ in range(times):
            await self.exchange(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def tiny_chunks(self, times: int) -> None:
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        await self.abort([await self.send(head + b"2\r\nxx\r\n" * 150_000) for _ in range(times)])

    async def slow_bodies(self, times: int) -> None:
        sent = HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 500_000
        await self.abort([await self.send(sent) for _ in range(times)])

    async def slow_heads(self, times: int) -> None:
        await self.abort([await self.send(HEAD + b"X: " + b"x" * 50_000) for _ in range(times)])

    async def refused(self, times: int) -> None:
        for _ in range(times):
            await self.exchange(b"nonsense\r\n\r\n")
            await self.exchange(HEAD + b"X: " + b"x" * 200_000)
            await self.abort([await self.send(HEAD + b"Content-Length: 3000000\r\n\r\n" + b"x" * 500_000)])

    async def abandoned_requests(self, times: int) -> None:
        authorization = b"Authorization: Bearer " + self._token + b"\r\n"
        lines = (b"GET /contacts", b"GET /companies", b"POST /contacts/search")
        requests = [b"%s HTTP/1.1\r\nHost: sayso.test\r\n%s\r\n" % (line, authorization) for line in lines]
        await self.abort([await self.send(b"".join(requests) * 20) for _ in range(times)])

    async def pipelines(self, times: int) -> None:
        await self.abort([await self.send(b"GET /me HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000) for _ in range(times)])

    async def many(self, times: int) -> None:
        """Connections at once, some of them silent, some with half a head or a whole request."""
        writers = []
        for number in range(times):
            _, writer = await self.connect()
            writer.write((b"", b"GET /me HT", b"GET /me HTTP/1.1\r\nHost: a\r\n\r\n")[number % 3])
            writers.append(writer)
        await self.abort(writers)

    async def half_handshakes(self, times: int) -> list[asyncio.StreamWriter]:
        """Begin TLS handshakes, and leave them open."""
        outgoing = ssl.MemoryBIO()
        begun = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with suppress(ssl.SSLWantReadError):
            begun.do_handshake()
        hello = outgoing.read()
        return [await self.send(hello) for _ in range(times)]

    async def abort(self, writers: list[asyncio.StreamWriter]) -> None:
        for writer in writers:
            own = writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        await asyncio.sleep(0)


class Bystander:
    """Another client, on a connection of its own and on new ones, for as long as the attack lasts."""

    def __init__(self, server: Running, tls: ssl.SSLContext | None = None) -> None:
        url = urlsplit(server.url)
        self._server = (url.hostname, url.port)
        self._tls = tls
        head = f"Host: sayso.test\r\nAuthorization: Bearer {server.token}\r\n"
        body = b'{"external_id": "bystander"}'
        self._requests = (
            f"GET /me HTTP/1.1\r\n{head}\r\n".encode(),
            f"PUT /contacts/nobody HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        )
        self.answers: list[int] = []
        self._answer = asyncio.Event()

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        going_on = asyncio.ensure_future(self._go_on())
        try:
            yield
        finally:
            going_on.cancel()
            with suppress(asyncio.CancelledError):
                await going_on

    async def answered(self) -> None:
        """Until it has got one more answer."""
        self._answer.clear()
        async with asyncio.timeout(DEADLINE):
            await self._answer.wait()

    async def _go_on(self) -> None:
        kept = await self._connect()
        try:
            while True:
                for request in self._requests:
                    await self._ask(kept, request)
                new = await self._connect()
                try:
                    await self._ask(new, self._requests[0])
                finally:
                    new[1].close()
        finally:
            kept[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self._server, ssl=self._tls)

    async def _ask(self, on: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> None:
        reader, writer = on
        writer.write(request)
        async with asyncio.timeout(DEADLINE):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
        self.answers.append(int(head.split()[1]))
        self._answer.set()


def resident(server: Running) -> int:
    """The server's resident memory, in bytes."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def sockets(server: Running) -> int:
    found = 0
    for descriptor in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += str(descriptor.readlink()).startswith("socket:")
    return found


async def until_closed(server: Running, before: int) -> None:
    """Until the server has no more sockets than before."""
    async with asyncio.timeout(DEADLINE):
        while sockets(server) > before:
            await asyncio.sleep(0.05)


async def until_given_back(server: Running, most: float) -> None:
    """Until no more memory is resident than this: it is given back to the system every 10 seconds at most.

    The server is another process, so its state can only be polled.
    """
    async with asyncio.timeout(DEADLINE):
        while resident(server) > most:
            await asyncio.sleep(0.1)


@pytest.fixture
def room_for_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < AT_ONCE + 500:
        pytest.skip(f"{AT_ONCE} connections at once need a hard limit of open files above that (ulimit -Hn)")


@pytest.mark.usefixtures("room_for_connections")
async def test_hostile_connections_hold_up_nobody_and_leave_no_memory_behind(start):
    server = start("--demo")
    attacker, bystander = Attacker(server), Bystander(server)
    kinds: list[tuple[Callable[[int], Awaitable[None]], int]] = [
        (attacker.whole_bodies, 40),
        (attacker.tiny_chunks, 10),
        (attacker.slow_bodies, 20),
        (attacker.slow_heads, 100),
        (attacker.refused, 10),
        (attacker.abandoned_requests, 20),
        (attacker.pipelines, 5),
        (attacker.many, AT_ONCE),
    ]
    idle = sockets(server)
    async with bystander.busy():
        for attack, times in kinds:
            await attack(max(1, times // 10))
    await until_closed(server, idle)
    before = resident(server)

    rounds, since = 0, monotonic()
    async with bystander.busy():
        while rounds < ROUNDS or monotonic() - since < SECONDS:
            for attack, times in kinds:
                await attack(times)
                await bystander.answered()
            rounds += 1
    await until_closed(server, idle)

    assert {200, 404} == set(bystander.answers)
    await until_given_back(server, 1.3 * before)
    assert "Traceback" not in server.said


@pytest.mark.usefixtures("room_for_connections")
async def test_tls_handshakes_that_do_not_end_hold_up_nobody_and_leave_no_memory_behind(start, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = start("--demo", SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem")
    attacker, bystander = Attacker(server), Bystander(server, trusting)
    idle = sockets(server)
    async with bystander.busy():
        await attacker.abort(await attacker.half_handshakes(50))
        await bystander.answered()
    await until_closed(server, idle)
    before = resident(server)

    rounds, since = 0, monotonic()
    async with bystander.busy():
        while rounds < ROUNDS or monotonic() - since < SECONDS:
            silent = await attacker.half_handshakes(AT_ONCE)
            await bystander.answered()
            # The bystander has two at most.
            await until_closed(server, idle + HANDSHAKES_LIMIT + 2)
            await attacker.abort(silent)
            rounds += 1
    await until_closed(server, idle)

    assert {200, 404} == set(bystander.answers)
    await until_given_back(server, 1.3 * before)
    assert "Traceback" not in server.said
