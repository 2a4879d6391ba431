"""The composition root: settings, then stores, then services, then surfaces, then a server."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
import uvicorn

from sayso import logs
from sayso.api import openapi as api_openapi
from sayso.api.app import ApiApp
from sayso.api.document import Document
from sayso.api.operations import Operations
from sayso.asgi import App
from sayso.deployment import joined, opened
from sayso.domain.errors import SaysoError, Unavailable
from sayso.http.acceptor import Acceptor
from sayso.http.crew import Member
from sayso.http.limits import Limits
from sayso.http.openapi import Surface
from sayso.http.protocol import HttpProtocol, stops
from sayso.http.proxies import TrustedProxies
from sayso.http.router import Router
from sayso.http.tally import Tally
from sayso.http.trim import PER_CONNECTION, PER_TLS_CONNECTION, Trim
from sayso.http.windows import Windows
from sayso.intercom import openapi as intercom_openapi
from sayso.intercom.app import IntercomApp
from sayso.intercom.routes import ROUTES
from sayso.intercom.unserved import UNSERVED
from sayso.service.digest import settled_digest
from sayso.service.ids import RandomIds, now
from sayso.service.ports import Clock, Ids
from sayso.service.region import Region, Regions
from sayso.service.verify_digest import form
from sayso.settings import Settings

BACKLOG = 2048

#: After how many objects made and not freed the collector looks at the youngest; Python's own 700 is one batch's.
GARBAGE_THRESHOLD = 20_000

#: How long requests that were cancelled after the drain may take to end, in seconds.
CANCEL_LIMIT = 5.0

#: How long before the end of the drain a write is no longer waited for, so that its client learns of it, in seconds.
LAST_ANSWERS = 0.5

#: Beside requests a digest reads so many contacts at once, and then pauses, in seconds.
DIGEST_PAGE, DIGEST_PAUSE = 200, 0.01

#: How often a digest is tried while the database is unavailable.
DIGEST_TRIES = 5

#: What there is to begin with, as whoever greets wants it.
Begun = TypeVar("Begun")
T = TypeVar("T")


@dataclass(slots=True)
class Sayso:
    """Everything of one running server."""

    settings: Settings
    regions: Regions
    app: App
    operations: Operations


@asynccontextmanager
async def composed(settings: Settings, member: Member | None = None) -> AsyncIterator[Sayso]:
    """A server's application on its open stores; with others on the same socket, as a member of their crew."""
    async with (joined if member else opened)(settings) as regions:
        tally = member.tally if member else Tally()
        document = described(regions, settings.public_url)
        operations = Operations(regions, tally, settings.metrics_public, document, member=member)
        windows = member.windows if member else Windows(settings.rate_limit)
        limits = Limits(settings.max_connections_per_address, TrustedProxies(settings.trusted_proxies))
        app = surfaces(regions, windows, tally, now, RandomIds(), operations, limits)
        async with finishing(regions):
            yield Sayso(settings, regions, logged(app) if settings.log_requests else app, operations)


@asynccontextmanager
async def finishing(regions: Regions) -> AsyncIterator[None]:
    """While this lasts, what was left of deletions, merges and bulk jobs is finished: the moves of data events first,
    the others beside the requests."""
    for region in regions.by_name.values():
        region.companies.take_up()
        region.bulk.take_up()
        await region.data_event_moves.take_up()
    try:
        yield
    finally:
        for region in regions.by_name.values():
            await region.bulk.stop()
            await region.companies.background.stop()
            await region.data_event_moves.background.stop()


async def log_digests(regions: Regions) -> None:
    """Log the digest of each workspace, reading a little at a time."""
    for region in regions.by_name.values():
        try:
            for workspace in await _ask_again(region.workspaces.all):
                await _log_digest(region, workspace.id)
        except Exception as error:  # noqa: BLE001
            _log_no_digest(region, error)


async def _log_digest(region: Region, workspace_id: str) -> None:
    log = structlog.get_logger()
    read = partial(settled_digest, region.store, workspace_id, page=DIGEST_PAGE, pause=DIGEST_PAUSE)
    try:
        found = await _ask_again(read)
    except Exception as error:  # noqa: BLE001
        # The other workspaces get theirs.
        _log_no_digest(region, error, workspace=workspace_id)
        return
    if found is None:
        log.info("no digest", region=region.name, workspace=workspace_id, told="it kept changing while it was read")
    else:
        log.info("digest", region=region.name, workspace=workspace_id, **form(found))


async def _ask_again(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer of a database that may be unavailable for a while. Raises Unavailable after some tries."""
    for _ in range(DIGEST_TRIES - 1):
        try:
            return await ask()
        except Unavailable as error:
            await asyncio.sleep(error.retry_after)
    return await ask()


def _log_no_digest(region: Region, error: Exception, **place: str) -> None:
    # The message of an error that is not ours may quote a value that cannot be read.
    why = {"told": error.message} if isinstance(error, SaysoError) else {"error": type(error).__name__}
    structlog.get_logger().warning("no digest", region=region.name, **place, **why)


def logged(app: App) -> App:
    """An application that logs a line for each request."""
    app.intercom = logs.of_requests(app.intercom)
    app.prefixes = {prefix: logs.of_requests(respond) for prefix, respond in app.prefixes.items()}
    return app


def surfaces(
    regions: Regions,
    windows: Windows,
    tally: Tally,
    clock: Clock,
    ids: Ids,
    operations: Operations | None = None,
    limits: Limits | None = None,
) -> App:
    """Every surface on the given regions."""
    operations = operations or Operations(regions, tally, metrics_public=False, document=described(regions))
    intercom = IntercomApp(regions, windows, clock, ids, Router((*ROUTES, *UNSERVED)))
    api = ApiApp(regions, windows, clock, ids, operations)
    return App(intercom.respond, intercom.refuse, api.prefixes, tally, limits or Limits())


def described(regions: Regions, public_url: str = "", *more: Surface) -> Document:
    """The description of every surface."""
    described_surfaces = (intercom_openapi.surface(), *api_openapi.surfaces(), *more)
    return Document(described_surfaces, regions.hosts, regions.default.name, public_url)


async def serve(
    settings: Settings,
    begin: Callable[[Regions], Awaitable[Begun]],
    greet: Callable[[str, Begun], None],
    compose: Callable[[Settings], AbstractAsyncContextManager[Sayso]] = composed,
) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was accepted and return. `greet` gets the address."""
    async with compose(settings) as sayso:
        listener = listening(settings)
        server = _Server(configured(settings, sayso.app), sayso)
        # Before anybody learns the address: from then on, being asked to stop means to drain.
        server.heed_signals()
        greet(address(settings, listener), await begin(sayso.regions))
        await server.serve(sockets=[listener])
        structlog.get_logger().info("stopped")


async def serve_as(member: Member, settings: Settings, listener: socket.socket, parent: int, ready: int) -> None:
    """Serve with others on one socket, until a signal or the parent's end closes the pipe `parent`. When connections
    are taken, a byte is written to the pipe `ready`."""
    _close_with_parent(parent, listener)
    async with composed(settings, member) as sayso:
        server = _Member(configured(settings, sayso.app), sayso, member, listener, partial(os.write, ready, b"."))
        server.heed_signals()
        server.heed(parent)
        await server.serve(sockets=[listener])


def _close_with_parent(parent: int, listener: socket.socket) -> None:
    """Give the port back when the parent ends while a worker is not ready yet. `_Member.heed` takes over from here."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(parent)
        listener.close()

    loop.add_reader(parent, ended)


def address(settings: Settings, listener: socket.socket) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host, port = listener.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def listening(settings: Settings) -> socket.socket:
    """The socket that connections come to. Raises Unavailable."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        hint = "; choose another with --port or SAYSO_PORT" if error.errno == errno.EADDRINUSE else ""
        raise Unavailable(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}{hint}") from None
    return listener


def configured(settings: Settings, app: App) -> uvicorn.Config:
    """What uvicorn's server is told."""
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.drain_seconds,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, but one that is no longer ready from the moment it is asked to stop, and then exits with 0."""

    def __init__(self, config: uvicorn.Config, sayso: Sayso) -> None:
        super().__init__(config)
        self._sayso = sayso
        self._digests: asyncio.Task[None] | None = None
        self._trim = Trim()
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Without TLS the loop's own server makes a connection at once, and takes less time for it.
        await super().startup([] if self.config.ssl else sockets)
        if self.config.ssl:
            for listener in sockets or []:
                self._accept_from(listener)
        # What is there now stays, and what requests leave behind is freed by counting: look for cycles seldom.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)
        if self._sayso.settings.digest and self._logs_digests:
            self._digests = asyncio.create_task(log_digests(self._sayso.regions))

    @property
    def _logs_digests(self) -> bool:
        """Of several processes that serve, one does."""
        return True

    async def on_tick(self, counter: int) -> bool:
        per_connection = PER_TLS_CONNECTION if self.config.ssl else PER_CONNECTION
        arriving = self._acceptor.unfinished if self._acceptor else 0
        held = (self._connected() + arriving) * per_connection + self._sayso.app.limits.unfinished.used
        self._trim.look(held, monotonic())
        return await super().on_tick(counter)

    def heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop, number)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's own would raise the signal again after the end."""
        yield

    def _accept_from(self, listener: socket.socket, member: Member | None = None) -> None:
        connect = partial(HttpProtocol, self.config, self.server_state, {})
        self._acceptor = Acceptor(listener, connect, self._connected, self.config.ssl, member)
        self._acceptor.start()

    def _stop_accepting(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None

    def _connected(self) -> int:
        return len(self.server_state.connections)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop_accepting()
        stops(self.server_state)
        if self._digests is not None:
            self._digests.cancel()
        for region in self._sayso.regions.by_name.values():
            region.store.stop_slow_reads()
            region.store.limit_waits(max(self._sayso.settings.drain_seconds - LAST_ANSWERS, LAST_ANSWERS))
        await super().shutdown(sockets)
        # What uvicorn has cancelled still uses the stores, which close next.
        for _ in range(int(CANCEL_LIMIT * 100)):
            if not self.server_state.tasks:
                break
            await asyncio.sleep(0.01)

    def _stop(self, number: int) -> None:
        self._sayso.operations.draining = True
        self.handle_exit(number, None)


class _Member(_Server):
    """One of several on a socket that their parent made."""

    def __init__(
        self, config: uvicorn.Config, sayso: Sayso, member: Member, listener: socket.socket, ready: Callable[[], object]
    ) -> None:
        super().__init__(config, sayso)
        self._member = member
        self._listener = listener
        self._ready = ready

    def heed(self, parent: int) -> None:
        """End when the parent has, however it did: nobody else would end us. The port is given back at once, because
        another server may be started in the parent's place."""
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(parent)
            self._stop_accepting()
            self._stop(signal.SIGTERM)

        loop.add_reader(parent, ended)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        if self._listener.fileno() < 0:
            # The parent has ended already.
            return
        self._accept_from(self._listener, self._member)
        with contextlib.suppress(BrokenPipeError):
            self._ready()

    @property
    def _logs_digests(self) -> bool:
        return self._member.number == 0

    async def on_tick(self, counter: int) -> bool:
        self._member.told(self._connected())
        return await super().on_tick(counter)

    def _stop_accepting(self) -> None:
        super()._stop_accepting()
        self._listener.close()
