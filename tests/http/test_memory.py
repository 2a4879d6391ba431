"""What a connection leaves behind: nothing, without any help of the collector of cycles."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
import weakref
from contextlib import contextmanager

import pytest
import trustme
import uvloop
from tests.http.serving import Serving, serving, until

from sayso.http.reader import SILENCE

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

#: What a client has sent when it goes.
SENT = {
    "nothing": b"",
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "half a head": HEAD + b"X: y",
    "half a body": HEAD + b"Content-Length: 9\r\n\r\nabc",
    "half a chunked body": CHUNKED + b"2\r\nab\r\n" * 50,
    "a body too large": HEAD + b"Content-Length: 2000000\r\n\r\nabc",
    "no HTTP": b"nonsense\r\n\r\n",
    "a head too large": HEAD + b"X: " + b"y" * 70_000 + b"\r\n",
    "a bad host": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a read that waits, and a pipeline": b"GET /search HTTP/1.1\r\nHost: a\r\n\r\n"
    + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20,
    "a request that fails": b"GET /defect HTTP/1.1\r\nHost: a\r\n\r\n",
}


@contextmanager
def no_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def left_behind(server: Serving, sent: bytes, context: ssl.SSLContext | None) -> list[object]:
    """What is left of a connection on which this was sent, and that the client then reset."""
    name = "localhost" if context else None
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname=name)
    await until(lambda: server.state.connections)
    parts = [weakref.ref(next(iter(server.state.connections)))]
    writer.write(sent)
    if sent:
        await until(lambda: all(known._reader is not SILENCE for known in server.state.connections))
        parts += [weakref.ref(known._reader) for known in server.state.connections]
    for _ in range(5):
        await asyncio.sleep(0)
    if context is None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
    await until(lambda: not (server.state.connections or server.state.tasks))
    for _ in range(5):
        await asyncio.sleep(0)
    return [part() for part in parts if part() is not None]


@LOOPS
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_closed_connection_leaves_nothing_behind(run, sent, tls, certificates):
    of_server, of_client = certificates

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        async with serving(tls=of_server if tls else None) as server:
            with no_collector():
                assert [] == await left_behind(server, sent, of_client if tls else None)
                held = server.app.limits
                assert (0, 0, 0) == (len(held.connections), len(held.unfinished), held.unfinished.used)

    run(scenario())


@pytest.fixture(scope="module")
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    of_server, of_client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(of_server)
    authority.configure_trust(of_client)
    return of_server, of_client


async def test_a_body_in_tiny_chunks_is_one_object_and_no_larger_than_its_bytes():
    async with serving() as server:
        _, writer = await server.connect()
        writer.write(CHUNKED + b"2\r\nab\r\n" * 100_000)
        await until(lambda: server.state.connections)
        [connection] = server.state.connections
        await until(lambda: connection._reader.arriving and connection._reader._size == 200_000)

        body = connection._reader._body
        assert isinstance(body, bytearray)
        assert sys.getsizeof(body) < 1.2 * 200_000
        writer.close()
