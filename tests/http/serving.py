"""The protocol on a loop in process, with an application that does what a test wants."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from contextlib import asynccontextmanager
from functools import partial

import uvicorn
from tests.machine import DEADLINE
from uvicorn.server import ServerState

from sayso.http.acceptor import Acceptor
from sayso.http.limits import Limits
from sayso.http.protocol import HttpProtocol
from sayso.http.request import BodyTooLarge
from sayso.http.response import Response


class App:
    """Answers with what it was asked; holds back the answers to /wait until it is told to go on. A /search is never
    answered, and may be cancelled."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.cancelled: list[str] = []
        self.finished: list[str] = []
        self.go_on = asyncio.Event()
        self.asked: list[str] = []
        self.hosts: list[bytes | None] = []

    async def respond(self, request) -> Response:
        self.asked.append(request.path)
        self.hosts.append(request.headers.get(b"host"))
        request.cancellable = request.path == "/search"
        if request.path in ("/wait", "/search"):
            try:
                await (self.go_on if request.path == "/wait" else asyncio.Event()).wait()
            except asyncio.CancelledError:
                self.cancelled.append(request.path)
                raise
            self.finished.append(request.path)
        if request.path == "/defect":
            await asyncio.sleep(0)
            raise RuntimeError
        try:
            body = request.body
        except BodyTooLarge:
            return Response(b"too large", 413)
        return Response(b"%s %s" % (request.path.encode(), body))

    async def __call__(self, scope, receive, send) -> None:
        raise AssertionError("the protocol asks `respond`")

    def refuse(self, status, client, why) -> Response:
        return Response(json.dumps(status).encode(), status)


class Serving:
    def __init__(self, app: App, state: ServerState, port: int) -> None:
        self.app, self.state, self.port = app, state, port
        self.acceptor: Acceptor | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def exchange(self, data: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        reader, writer = await self.connect()
        writer.write(data)
        return await everything(reader)

    @property
    def connection(self) -> HttpProtocol:
        """The only one."""
        [connection] = self.state.connections
        return connection


def _factory(app, state: ServerState):
    config = uvicorn.Config(app, interface="asgi3", log_config=None, lifespan="off")
    config.load()
    # What stands between the protocol and the app in uvicorn is not for it.
    config.loaded_app = app
    return partial(HttpProtocol, config, state, {}, asyncio.get_running_loop())


@asynccontextmanager
async def serving(app=None, tls: ssl.SSLContext | None = None):
    """`app`: another application than the one that does what a test wants."""
    app, state = app or App(), ServerState()
    server = await asyncio.get_running_loop().create_server(_factory(app, state), "127.0.0.1", 0, ssl=tls)
    async with server:
        serving = Serving(app, state, server.sockets[0].getsockname()[1])
        yield serving
        serving.close()
        for connection in list(state.connections):
            connection._transport.abort()


@asynccontextmanager
async def accepting(tls: ssl.SSLContext | None):
    """The same behind an acceptor of our own; `Serving.acceptor`."""
    app, state = App(), ServerState()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = Acceptor(listener, _factory(app, state), lambda: len(state.connections), tls, None)
        acceptor.start()
        serving = Serving(app, state, listener.getsockname()[1])
        serving.acceptor = acceptor
        try:
            yield serving
        finally:
            acceptor.close()
            serving.close()
            for connection in list(state.connections):
                connection._transport.abort()


async def everything(reader) -> bytes:
    """What a server says until it closes."""
    async with asyncio.timeout(DEADLINE):
        return await reader.read()


async def until(true) -> None:
    async with asyncio.timeout(DEADLINE):
        while not true():
            await asyncio.sleep(0)
