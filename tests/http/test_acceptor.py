"""What is accepted counts for its address at once, a TLS handshake that never ends included, and is given back once."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import ExitStack

import pytest
import trustme
import uvloop
from tests.http.serving import Serving, accepting, everything, until
from tests.machine import DEADLINE

from sayso.http import acceptor
from sayso.http.limits import Limits
from sayso.http.proxies import TrustedProxies

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

ASK = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    of_server, of_client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(of_server)
    authority.configure_trust(of_client)
    return of_server, of_client


@pytest.fixture(autouse=True)
def polite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayso.http.protocol.POLITE", 1)


def silent(server: Serving, stack: ExitStack, address: str = "127.0.0.1") -> socket.socket:
    """A connection whose client begins no handshake."""
    opened = socket.create_connection(("127.0.0.1", server.port), DEADLINE, (address, 0))
    opened.setblocking(False)
    return stack.enter_context(opened)


def counted(server: Serving) -> dict[str, int]:
    return server.app.limits.connections._counts


async def connect(server: Serving, context: ssl.SSLContext, address: str):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=context, server_hostname="localhost", local_addr=(address, 0)
    )
    server._writers.append(writer)
    return reader, writer


async def ask(server: Serving, context: ssl.SSLContext, address: str) -> bytes:
    reader, writer = await connect(server, context, address)
    writer.write(ASK)
    return await everything(reader)


@LOOPS
def test_handshakes_that_do_not_end_count_for_their_address_and_another_is_served(run, certificates):
    of_server, of_client = certificates

    async def scenario() -> None:
        async with accepting(of_server) as server:
            server.app.limits = Limits(2)
            with ExitStack() as stack:
                for number in range(3):
                    silent(server, stack)
                    await until(lambda count=number + 1: counted(server).get("127.0.0.1") == count)
                # One more than may be told why: closed without a word, and without a handshake.
                dropped = silent(server, stack)
                async with asyncio.timeout(DEADLINE):
                    assert b"" == await asyncio.get_running_loop().sock_recv(dropped, 1)
                assert {"127.0.0.1": 3} == counted(server)

                assert (await ask(server, of_client, "127.0.0.2")).startswith(b"HTTP/1.1 200 OK")
            await until(lambda: not counted(server))
            assert (await ask(server, of_client, "127.0.0.1")).startswith(b"HTTP/1.1 200 OK")

    run(scenario())


@LOOPS
def test_a_client_with_too_many_handshakes_is_told_over_tls(run, certificates):
    of_server, of_client = certificates

    async def scenario() -> None:
        async with accepting(of_server) as server:
            server.app.limits = Limits(2)
            with ExitStack() as stack:
                for _ in range(2):
                    silent(server, stack)
                await until(lambda: counted(server) == {"127.0.0.1": 2})

                assert (await ask(server, of_client, "127.0.0.1")).startswith(b"HTTP/1.1 429 ")
                assert [] == server.app.asked

    run(scenario())


@LOOPS
def test_a_trusted_proxy_s_handshakes_are_not_counted(run, certificates):
    of_server, of_client = certificates

    async def scenario() -> None:
        async with accepting(of_server) as server:
            server.app.limits = Limits(1, TrustedProxies("127.0.0.1"))
            with ExitStack() as stack:
                for _ in range(5):
                    silent(server, stack)
                await until(lambda: len(server.acceptor._arriving) == 5)

                assert (await ask(server, of_client, "127.0.0.1")).startswith(b"HTTP/1.1 200 OK")
                assert {} == counted(server)

    run(scenario())


@LOOPS
def test_beyond_the_limit_of_handshakes_the_oldest_ends_and_new_clients_are_served(run, certificates, monkeypatch):
    of_server, of_client = certificates
    monkeypatch.setattr(acceptor, "HANDSHAKES_LIMIT", 3)

    async def scenario() -> None:
        async with accepting(of_server) as server:
            with ExitStack() as stack:
                # Of many addresses, each below its own limit.
                oldest = [silent(server, stack, f"127.0.0.{number}") for number in range(2, 5)]
                await until(lambda: server.acceptor.unfinished == 3)
                stays = silent(server, stack, "127.0.0.5")
                async with asyncio.timeout(DEADLINE):
                    assert b"" == await asyncio.get_running_loop().sock_recv(oldest[0], 1)
                await until(lambda: {"127.0.0.3", "127.0.0.4", "127.0.0.5"} == set(counted(server)))

                assert (await ask(server, of_client, "127.0.0.6")).startswith(b"HTTP/1.1 200 OK")
                # Made way for the client that was served, whose handshake is over.
                async with asyncio.timeout(DEADLINE):
                    assert b"" == await asyncio.get_running_loop().sock_recv(oldest[1], 1)
                await until(lambda: {"127.0.0.4", "127.0.0.5"} == set(counted(server)))
                assert 2 == server.acceptor.unfinished
                with pytest.raises(BlockingIOError):
                    stays.recv(1)

    run(scenario())


async def go_away(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    silent(server, stack).close()


async def reset(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    opened = silent(server, stack)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    opened.close()


async def speak_no_tls(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    silent(server, stack).sendall(ASK)


async def stop_in_the_handshake(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    opened = silent(server, stack)
    opened.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    opened.shutdown(socket.SHUT_WR)


async def trust_nobody(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLError):
        await connect(server, ssl.create_default_context(), "127.0.0.1")


async def take_too_long(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    acceptor.HANDSHAKE_LIMIT = 0.01
    silent(server, stack)


async def be_answered(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    assert (await ask(server, context, "127.0.0.1")).startswith(b"HTTP/1.1 200 OK")


async def vanish_after_the_handshake(server: Serving, stack: ExitStack, context: ssl.SSLContext) -> None:
    _, writer = await connect(server, context, "127.0.0.1")
    writer.transport.abort()


OUTCOMES = [
    go_away,
    reset,
    speak_no_tls,
    stop_in_the_handshake,
    trust_nobody,
    take_too_long,
    be_answered,
    vanish_after_the_handshake,
]


@LOOPS
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_connection_is_given_back_once_however_its_handshake_ends(run, outcome, certificates, monkeypatch):
    of_server, of_client = certificates
    monkeypatch.setattr(acceptor, "HANDSHAKE_LIMIT", acceptor.HANDSHAKE_LIMIT)
    given_back = []

    async def scenario() -> None:
        async with accepting(of_server) as server:
            # Two that stay: without them, what is given back twice would not be noticed.
            _, first = await connect(server, of_client, "127.0.0.1")
            _, second = await connect(server, of_client, "127.0.0.1")
            await until(lambda: len(server.state.connections) == 2)
            remove = server.app.limits.connections.remove
            server.app.limits.connections.remove = lambda address: (given_back.append(address), remove(address))
            with ExitStack() as stack:
                await outcome(server, stack, of_client)
                await until(lambda: given_back and not server.acceptor._arriving)
                for _ in range(5):
                    await asyncio.sleep(0)

            assert ["127.0.0.1"] == given_back
            assert {"127.0.0.1": 2} == counted(server)
            made = list(server.state.connections)
            first.transport.abort()
            await until(lambda: len(server.state.connections) == 1)
            for connection in made:
                connection.give_back()
            assert {"127.0.0.1": 1} == counted(server)
            second.transport.abort()
            await until(lambda: not counted(server))

    run(scenario())


@LOOPS
def test_a_connection_without_tls_is_counted_and_given_back_once_too(run):
    async def scenario() -> None:
        async with accepting(None) as server:
            server.app.limits = Limits(1)
            with ExitStack() as stack:
                for _ in range(2):
                    silent(server, stack)
                await until(lambda: counted(server) == {"127.0.0.1": 2})
                assert b"" == await server.exchange(ASK)
            await until(lambda: not counted(server))
            assert (await server.exchange(ASK)).startswith(b"HTTP/1.1 200 OK")

    run(scenario())
