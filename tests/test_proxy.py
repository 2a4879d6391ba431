"""The proxy does what the fault tests rely on. The server here only says that it is ready, and keeps what it heard."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.machine import DEADLINE
from tests.proxy import Fate, Flow, Proxy, Unit

_STARTUP = struct.pack("!ii", 8, 196608)
_TLS = struct.pack("!ii", 8, 80877103)


@dataclass
class Peer:
    """A server that answers each query with whether a transaction is open. `left`: clients whose end it has seen."""

    heard: list[str] = field(default_factory=list)
    left: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.left.release()
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) == _TLS:
            writer.write(b"N")
            await reader.readexactly(8)
        writer.write(ready(b"I"))
        status, prepared = b"I", ""
        while True:
            kind, length = struct.unpack("!ci", await reader.readexactly(5))
            body = (await reader.readexactly(length - 4)).decode()
            prepared = body.split("\0")[1] if kind == b"P" else prepared
            sql = {b"Q": body.rstrip("\0"), b"E": prepared}.get(kind)
            if sql:
                self.heard.append(sql)
                status = {"BEGIN": b"T", "COMMIT": b"I"}.get(sql, status)
            if kind in (b"Q", b"S"):
                writer.write(ready(status))


def ready(status: bytes) -> bytes:
    return struct.pack("!ci", b"Z", 5) + status


def message(kind: bytes, body: str = "") -> bytes:
    return struct.pack("!ci", kind, 4 + len(body)) + body.encode()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def start(self) -> Client:
        self._writer.write(_STARTUP)
        await self.answer()
        return self

    async def query(self, sql: str) -> bytes:
        self.say(sql)
        return await self.answer()

    def say(self, sql: str) -> None:
        self._writer.write(message(b"Q", sql + "\0"))

    def run(self, sql: str) -> None:
        """As a driver runs a prepared statement."""
        self._writer.write(message(b"P", f"s\0{sql}\0") + message(b"B", "\0s\0") + message(b"E", "\0") + message(b"S"))

    async def answer(self) -> bytes:
        """The transaction's status; b"" when the connection is gone."""
        try:
            return (await asyncio.wait_for(self._reader.readexactly(6), DEADLINE))[-1:]
        except (asyncio.IncompleteReadError, OSError):
            return b""

    def leave(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    yield client
    client.leave()


@pytest.fixture
async def peer() -> Peer:
    return Peer()


@pytest.fixture
async def proxy(peer: Peer) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with Proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as running:
        yield running
    server.close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    async with connected(proxy) as one:
        yield await one.start()


async def test_it_passes_what_each_side_says(peer: Peer, client: Client):
    assert [b"I", b"T", b"T", b"I"] == [await client.query(sql) for sql in ("SELECT 1", "BEGIN", "SELECT 2", "COMMIT")]
    assert ["SELECT 1", "BEGIN", "SELECT 2", "COMMIT"] == peer.heard


async def test_a_request_for_tls_is_passed_on_and_the_refusal_too(peer: Peer, proxy: Proxy):
    trap = proxy.trap(Unit.commits, Fate.DONE)
    async with connected(proxy) as client:
        client._writer.write(_TLS)
        assert b"N" == await client._reader.readexactly(1)
        await client.start()

        assert b"" == await client.query("COMMIT")
    assert trap.sprung.is_set()


async def test_a_cut_ends_open_connections_and_takes_new_ones(proxy: Proxy, client: Client):
    proxy.cut()

    assert b"" == await client.answer()
    async with connected(proxy) as another:
        assert b"I" == await (await another.start()).query("SELECT 1")


async def test_refused_connections_are_taken_again_after_listening(proxy: Proxy, client: Client):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connected(proxy).__aenter__()
    assert b"I" == await client.query("SELECT 1")

    await proxy.listen()

    async with connected(proxy) as another:
        assert b"I" == await (await another.start()).query("SELECT 1")


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_what_was_stalled_arrives_later(proxy: Proxy, client: Client, way: str):
    proxy.flow(**{way: Flow.STALL})
    waiting = asyncio.create_task(client.query("SELECT 1"))
    assert await silent(waiting)

    proxy.flow()

    assert b"I" == await waiting


async def test_a_stall_towards_the_client_lets_the_server_hear(peer: Peer, proxy: Proxy, client: Client):
    proxy.flow(to_client=Flow.STALL)
    answered = asyncio.create_task(client.query("SELECT 1"))
    await until(lambda: peer.heard)

    assert ["SELECT 1"] == peer.heard
    assert await silent(answered)
    answered.cancel()


@pytest.mark.parametrize("way", ["to_server", "to_client"])
async def test_what_was_swallowed_never_arrives_and_the_connection_stays_dead(proxy: Proxy, client: Client, way: str):
    proxy.flow(**{way: Flow.SWALLOW})
    waiting = asyncio.create_task(client.query("SELECT 1"))
    assert await silent(waiting)

    proxy.flow()

    assert await silent(waiting)
    async with connected(proxy) as another:
        assert b"I" == await (await another.start()).query("SELECT 1")
    waiting.cancel()


async def test_a_server_does_not_learn_of_a_client_whose_end_was_swallowed(peer: Peer, proxy: Proxy, client: Client):
    proxy.flow(to_server=Flow.SWALLOW)
    client.leave()
    proxy_saw = asyncio.create_task(peer.left.acquire())

    assert await silent(proxy_saw)
    proxy.cut()
    await proxy_saw


@pytest.mark.parametrize(
    ("fate", "heard", "answer"),
    [
        (Fate.LOST, ["BEGIN"], b""),
        (Fate.DONE, ["BEGIN", "COMMIT"], b""),
        (Fate.UNANSWERED, ["BEGIN", "COMMIT"], None),
        (Fate.UNHEARD, ["BEGIN"], None),
    ],
)
async def test_a_commit_meets_its_fate(
    peer: Peer, proxy: Proxy, client: Client, fate: Fate, heard: list[str], answer: bytes | None
):
    trap = proxy.trap(Unit.commits, fate)
    await client.query("BEGIN")

    answered = asyncio.create_task(client.query("COMMIT"))
    await trap.wait()

    assert heard == peer.heard
    if answer is None:
        assert await silent(answered)
        answered.cancel()
    else:
        assert answer == await answered


async def test_after_the_last_answer_nobody_is_let_through(peer: Peer, proxy: Proxy, client: Client):
    trap = proxy.trap(Unit.commits, Fate.LAST)

    assert b"I" == await client.query("COMMIT")
    await trap.wait()

    assert b"" == await client.answer()
    with pytest.raises(ConnectionRefusedError):
        await connected(proxy).__aenter__()


async def test_a_held_commit_is_done_when_released_though_its_client_has_left(peer: Peer, proxy: Proxy, client: Client):
    trap = proxy.trap(Unit.commits, Fate.HELD)
    await client.query("BEGIN")
    client.say("COMMIT")
    await trap.wait()
    client.leave()
    assert ["BEGIN"] == peer.heard

    trap.release()

    await until(lambda: peer.heard == ["BEGIN", "COMMIT"])


async def test_a_trap_springs_as_often_as_told(peer: Peer, proxy: Proxy):
    trap = proxy.trap(Unit.commits, Fate.LOST, times=2)
    async with connected(proxy) as first, connected(proxy) as second, connected(proxy) as third:
        answers = [await (await one.start()).query("COMMIT") for one in (first, second, third)]

    assert [b"", b"", b"I"] == answers
    assert ["COMMIT"] == peer.heard
    assert 2 == len(trap.caught)


async def test_a_prepared_statement_is_known_by_its_text(peer: Peer, proxy: Proxy, client: Client):
    trap = proxy.trap(Unit.commits, Fate.DONE)
    client.run("UPDATE contacts SET name = $1")

    assert b"" == await client.answer()
    assert [("UPDATE contacts SET name = $1",)] == [unit.statements for unit in trap.caught]


@pytest.mark.parametrize(
    ("sql", "alone", "commits"),
    [
        ("COMMIT;", False, True),
        ("UPDATE contacts SET name = 'x'", True, True),
        ("UPDATE contacts SET name = 'x'", False, False),
        ("WITH swapped AS (UPDATE contacts SET name = 'x') INSERT INTO ledger VALUES (1)", True, True),
        ("SELECT standing FROM contacts", True, False),
        ("SELECT 1 FROM contacts FOR UPDATE", True, False),
        ("ROLLBACK", False, False),
    ],
)
def test_only_what_makes_something_durable_commits(sql: str, alone: bool, commits: bool):
    assert commits == Unit(b"", (sql,), alone).commits()


async def silent(task: asyncio.Task[object]) -> bool:
    """Whether nothing comes. Nothing is no event: it can only be waited for a while."""
    done, _ = await asyncio.wait([task], timeout=0.2)
    return not done


async def until(holds) -> None:
    async with asyncio.timeout(DEADLINE):
        while not holds():
            await asyncio.sleep(0)
