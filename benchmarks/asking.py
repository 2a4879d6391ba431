"""A load of our own, for requests that depend on what was asked before: kept connections, each with one request at a
time, in this process. wrk sends more a second; what counts here is CPU time per request."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.servers import CLIENT_CORE, TOKEN, Server

#: What the bodies of answers are given to.
Keep = Callable[[bytes], object]

#: The next request, as it is sent; None when there are no more.
Next = Callable[[], bytes | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How many requests were answered in how many seconds, by CPU µs of the server and of its database per request."""

    requests: int
    seconds: float
    server_us: float
    database_us: float


def request(method: str, path: str, body: Any = None, *, version: str = "2.11", token: str = TOKEN) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    kind = "Content-Type: application/json\r\n" if data else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Intercom-Version: {version}\r\n{kind}Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def ask(
    server: Server, following: Next, connections: int, seconds: float, most: int, keep: Keep | None = None
) -> Asked:
    """Send requests until `seconds` have passed or `most` were sent. Raises SystemExit where one is refused."""
    with _on_client_core(server):
        before = server.threads(), server.database_threads()
        began = time.perf_counter()
        try:
            requests = asyncio.run(_ask(server.port, _bounded(following, seconds, most), connections, keep))
        except (OSError, RuntimeError) as error:
            raise SystemExit(f"{server.name}: {error}") from None
        took = time.perf_counter() - began
        after = server.threads(), server.database_threads()
    served, stored = (
        sum(ns - then.get(thread, 0) for thread, ns in now.items()) for then, now in zip(before, after, strict=True)
    )
    return Asked(requests, took, served / requests / 1000, stored / requests / 1000)


def _bounded(following: Next, seconds: float, most: int) -> Next:
    end, left = time.perf_counter() + seconds, most

    def next_one() -> bytes | None:
        nonlocal left
        left -= 1
        return following() if left >= 0 and time.perf_counter() < end else None

    return next_one


async def _ask(port: int, following: Next, connections: int, keep: Keep | None) -> int:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(following, keep), "127.0.0.1", port)
        for _ in range(connections)
    ]
    kept = [connection for _, connection in made]
    # All are open before the first request.
    for connection in kept:
        connection.begin()
    try:
        await asyncio.gather(*(connection.done for connection in kept))
    finally:
        for transport, _ in made:
            transport.abort()
    return sum(connection.answered for connection in kept)


class _Connection(asyncio.Protocol):
    def __init__(self, following: Next, keep: Keep | None) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered = 0
        self._following = following
        self._keep = keep
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def begin(self) -> None:
        following = self._following()
        if following is not None:
            self._transport.write(following)
        elif not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 2"):
            self._fail(f"{head.decode()}\n{body.decode()}")
            return
        self._received = b""
        self.answered += 1
        if self._keep is not None:
            self._keep(body)
        self.begin()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail("the connection was closed")

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"a request was refused:\n{why}"))


def _length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    start = head.lower().index(name) + len(name)
    return int(head[start:].partition(b"\r\n")[0])


@contextmanager
def _on_client_core(server: Server) -> Iterator[None]:
    """As wrk: on a core of its own, but on PostgreSQL, where nobody has one."""
    if server.cluster is not None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
