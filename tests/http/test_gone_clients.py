"""Clients that go away while they are being answered: a read stops, a write goes on."""

from __future__ import annotations

import asyncio
import gc
import socket
from types import SimpleNamespace

import pytest
import uvloop
from tests.http.serving import App, everything, serving, until
from tests.machine import DEADLINE

from sayso import server as composition
from sayso.settings import Settings

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


async def asked(server, *lines: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the first of these requests is being answered."""
    reader, writer = await server.connect()
    writer.write("".join(f"{line} HTTP/1.1\r\nHost: a\r\n\r\n" for line in lines).encode())
    await until(lambda: server.app.asked)
    return reader, writer


async def leave(writer: asyncio.StreamWriter, how: str) -> None:
    if how == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.close()


@LOOPS
@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_is_cancelled_when_its_client_goes(run, how):
    async def scenario() -> None:
        async with serving() as server:
            _, writer = await asked(server, "GET /search", "GET /2")
            await leave(writer, how)
            await until(lambda: not (server.state.connections or server.state.tasks))

            assert ["/search"] == server.app.cancelled
            # What waited behind it is not begun.
            assert ["/search"] == server.app.asked

    run(scenario())


class Recognising(App):
    """Waits until it knows who asks, and only then for what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.recognised = asyncio.Event()
        self.begun: list[str] = []

    async def respond(self, request):
        self.begun.append(request.path)
        await self.recognised.wait()
        return await super().respond(request)


@LOOPS
@pytest.mark.parametrize("how", ["reset", "close", "end of sending"])
@pytest.mark.parametrize("before", [[], ["POST /1"]], ids=["alone", "behind another"])
def test_a_read_whose_client_goes_before_it_is_recognised_is_cancelled_later(run, how, before):
    async def scenario() -> None:
        async with serving(Recognising()) as server:
            reader, writer = await server.connect()
            lines = [*before, "GET /search", "GET /3"]
            writer.write("".join(f"{line} HTTP/1.1\r\nHost: a\r\n\r\n" for line in lines).encode())
            await until(lambda: server.app.begun)
            if how == "end of sending":
                writer.write_eof()
            else:
                await leave(writer, how)
            await until(lambda: all(known._half_closed for known in server.state.connections))
            server.app.recognised.set()
            await until(lambda: not (server.state.connections or server.state.tasks))

            # After a reset nothing is begun that waited behind what is being answered.
            searched = how != "reset" or not before
            assert (["/search"] if searched else []) == server.app.cancelled
            assert "/3" not in server.app.begun
            if how == "end of sending":
                assert len(before) == (await everything(reader)).count(b"HTTP/1.1 200 OK")

    run(scenario())


@LOOPS
@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_whose_client_goes_before_it_is_recognised_goes_on(run, how):
    async def scenario() -> None:
        async with serving(Recognising()) as server:
            _, writer = await server.connect()
            writer.write(b"POST /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(lambda: server.app.begun)
            await leave(writer, how)
            await until(lambda: all(known._half_closed for known in server.state.connections))
            server.app.recognised.set()
            server.app.go_on.set()
            await until(lambda: not (server.state.connections or server.state.tasks))

            assert (["/wait"], []) == (server.app.finished, server.app.cancelled)

    run(scenario())


@LOOPS
@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_goes_on_when_its_client_goes(run, how):
    async def scenario() -> None:
        async with serving() as server:
            _, writer = await asked(server, "POST /wait")
            await leave(writer, how)
            if how == "reset":
                await until(lambda: not server.state.connections)
            else:
                await until(lambda: all(known._half_closed for known in server.state.connections))
            server.app.go_on.set()
            await until(lambda: not (server.state.connections or server.state.tasks))

            assert (["/wait"], []) == (server.app.finished, server.app.cancelled)

    run(scenario())


@LOOPS
def test_a_client_that_only_stops_sending_gets_every_answer_but_that_of_a_read_that_waits(run):
    async def scenario() -> None:
        async with serving() as server:
            reader, writer = await asked(server, "POST /wait", "GET /2", "GET /search", "GET /4")
            writer.write_eof()
            await until(lambda: all(known._half_closed for known in server.state.connections))
            server.app.go_on.set()

            answer = await everything(reader)
            assert 2 == answer.count(b"HTTP/1.1 200 OK")
            assert ["/search"] == server.app.cancelled
            assert ["/wait", "/2", "/search"] == server.app.asked
            writer.close()
            await until(lambda: not (server.state.connections or server.state.tasks))

    run(scenario())


@LOOPS
def test_a_request_and_the_end_of_sending_at_once_are_answered(run):
    async def scenario() -> None:
        async with serving() as server:
            reader, writer = await server.connect()
            writer.write(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTT")
            writer.write_eof()
            answer = await everything(reader)

            assert 1 == answer.count(b"HTTP/1.1 200 OK")
            writer.close()
            await until(lambda: not server.state.connections)

    run(scenario())


def test_what_still_waits_after_the_drain_is_cancelled_before_the_server_ends():
    cleaned_up: list[str] = []

    class Slow(App):
        async def respond(self, request):
            try:
                return await super().respond(request)
            except asyncio.CancelledError:
                # As a store does that gives back what it holds.
                await asyncio.sleep(0.05)
                cleaned_up.append(request.path)
                raise

    async def scenario() -> None:
        settings, app = Settings(port=0, drain_seconds=0), Slow()
        listener = composition.listening(settings)
        sayso = SimpleNamespace(app=app, settings=settings, regions=SimpleNamespace(by_name={}))
        server = composition._Server(composition.configured(settings, app), sayso)
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        await until(lambda: server.started or running.done())
        _, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        writer.write(b"POST /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: app.asked)
        server.should_exit = True
        async with asyncio.timeout(DEADLINE):
            await running

        assert (["/wait"], ["/wait"]) == (app.cancelled, cleaned_up)
        writer.close()

    before = gc.get_threshold()
    try:
        uvloop.run(scenario())
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
