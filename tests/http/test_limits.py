"""What clients may hold: connections and requests for each address, and memory for all together."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from tests.http.serving import serving, until
from tests.loop_clock import LoopClock
from tests.machine import DEADLINE

from sayso.asgi import App
from sayso.http import limits
from sayso.http.heads import Heads
from sayso.http.limits import Budget, Counts, Limits, network
from sayso.http.protocol import IDLE_LIMIT
from sayso.http.proxies import TrustedProxies
from sayso.http.reader import BODY_LIMIT, HEAD_LIMIT, HEADER_OVERHEAD, Reader
from sayso.http.request import Fields, Request
from sayso.http.response import Response
from sayso.http.tally import Tally

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


def test_nothing_is_kept_of_an_address_that_has_nothing_left():
    counts, budget = Counts(1), Budget()
    assert [0, 1] == [counts.add("a"), counts.add("a")]
    assert budget.take("a", 5)
    counts.remove("a")
    counts.remove("a")
    budget.give_back("a", 5)

    assert (0, 0, 0) == (len(counts), len(budget), budget.used)


def test_a_budget_keeps_no_address_without_bytes():
    budget = Budget()
    assert budget.take("a", 0)
    budget.give_back("a", 0)
    assert 0 == len(budget)

    assert budget.take("a", 5)
    assert budget.take("a", -5)
    budget.give_back("a", 0)
    assert (0, 0) == (len(budget), budget.used)


def test_bytes_are_limited_for_each_address_and_for_all_of_them(monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED_LIMIT", 10)
    monkeypatch.setattr(limits, "UNFINISHED_PER_ADDRESS", 4)
    budget = Budget()

    assert [True, False, True] == [budget.take("a", 4), budget.take("a", 1), budget.take("b", 4)]
    # A proxy speaks for many.
    assert [False, True, False] == [budget.take("", 3), budget.take("", 2), budget.take("c", 1)]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("no:address", "no:address"),
    ],
)
def test_of_ipv6_a_whole_network_is_counted_as_one_client(address, counted):
    assert counted == network(address)


async def test_an_address_with_too_many_connections_is_told_and_beyond_that_dropped(monkeypatch):
    monkeypatch.setattr("sayso.http.protocol.POLITE", 1)
    async with serving() as server:
        server.app.limits = Limits(2)
        served = [await server.connect() for _ in range(2)]
        await until(lambda: len(server.state.connections) == 2)

        refused = await server.exchange(b"")
        assert refused.startswith(b"HTTP/1.1 429 ")
        assert b"connection: close\r\n" in refused
        await server.connect()
        assert b"" == await server.exchange(b"")

        # Those it has are served, and there is room again when they go.
        for reader, writer in served:
            writer.write(b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(DEADLINE):
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        for connection in list(server.state.connections):
            connection._transport.abort()
        await until(lambda: not server.state.connections)
        assert 0 == len(server.app.limits.connections)
        assert (await server.exchange(b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")


async def test_a_connection_that_fails_while_it_is_made_is_given_back():
    failed = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failed.append(context))
    async with serving() as server:
        server.app.limits = Limits(1)
        server.app.refuse = None
        await server.connect()
        await until(lambda: server.state.connections)
        _, writer = await server.connect()
        await until(lambda: failed)
        assert {"127.0.0.1": 2} == server.app.limits.connections._counts
        writer.transport.abort()
        await until(lambda: len(server.state.connections) == 1)
        assert {"127.0.0.1": 1} == server.app.limits.connections._counts
        assert 1 == len(failed)


async def test_a_trusted_proxy_s_connections_are_not_counted():
    async with serving() as server:
        server.app.limits = Limits(1, TrustedProxies("127.0.0.1"))
        for _ in range(5):
            await server.connect()
        await until(lambda: len(server.state.connections) == 5)

        answer = await server.exchange(b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_the_requests_in_progress_of_each_client_of_a_proxy_are_limited():
    go_on, begun = asyncio.Event(), []

    async def respond(request: Request) -> tuple[str, Response]:
        begun.append(request.client)
        await go_on.wait()
        return "/", Response(b"")

    def refuse(status: int, client: str, why: str) -> Response:
        return Response(why.encode(), status)

    app = App(respond, refuse, {}, Tally(), Limits(2, TrustedProxies("10.0.0.1")))

    def ask(client: str, peer: str = "10.0.0.1") -> asyncio.Task[Response]:
        fields = Fields({b"x-forwarded-for": client.encode()})
        return asyncio.ensure_future(app.respond(Request("GET", b"/", fields, b"", peer)))

    asked = [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2"), ask("192.0.2.1", "192.0.2.9")]
    await until(lambda: len(begun) == 4)
    assert 429 == (await ask("192.0.2.1")).status
    go_on.set()
    assert [200] * 4 == [(await task).status for task in asked]
    assert 200 == (await ask("192.0.2.1")).status
    assert 0 == len(app.limits.requests)


async def test_what_does_not_fit_among_unfinished_bodies_is_refused_and_those_before_it_are_served(monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED_LIMIT", 150_000)
    monkeypatch.setattr(limits, "UNFINISHED_PER_ADDRESS", 150_000)
    half = HEAD + b"Content-Length: 100001\r\n\r\n" + b"x" * 100_000
    kept = len(b"/" + b"Host: a\r\n" + b"Content-Length: 100001\r\n") + 2 * HEADER_OVERHEAD + 100_000
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(half)
        await until(lambda: server.app.limits.unfinished.used == kept)

        refused = await server.exchange(half)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"connection: close\r\n" in refused
        # What comes whole takes no room.
        whole = HEAD + b"Connection: close\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000
        assert (await server.exchange(whole)).startswith(b"HTTP/1.1 200 OK")
        writer.write(b"x")
        async with asyncio.timeout(DEADLINE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 OK")
        assert 0 == server.app.limits.unfinished.used
        writer.close()


async def test_unfinished_heads_take_room_too(monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED_LIMIT", 50_000)
    monkeypatch.setattr(limits, "UNFINISHED_PER_ADDRESS", 50_000)
    async with serving() as server:
        answer = await server.exchange(HEAD + b"X: " + b"y" * 60_000)
        assert answer.startswith(b"HTTP/1.1 503 ")


class Recorder:
    """A reader's connection that records what becomes of requests."""

    client, scheme, key = "192.0.2.1", "http", "192.0.2.1"

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refused: list[int] = []

    def queue(self, request: Request, *, keep_alive: bool, size: int) -> None:
        self.requests.append(request)

    def invite(self) -> None: ...

    def refuse(self, status: int, why: str = "") -> None:
        self.refused.append(status)

    def leave(self) -> None: ...


@pytest.mark.parametrize("split", [0, 20, 500], ids=["in one read", "in two reads", "in two reads, late"])
def test_the_head_of_a_request_whose_body_is_missing_takes_room_until_the_body_comes(split):
    connection, budget = Recorder(), Budget()
    reader = Reader(connection, lambda: 0.0, Heads(), budget)
    target, fields = b"/" + b"t" * 1_000, b"Host: a\r\nX: " + b"y" * 60_000 + b"\r\nContent-Length: 3\r\n"
    head = b"POST " + target + b" HTTP/1.1\r\n" + fields + b"\r\n"
    for part in (head[:split], head[split:]):
        if part:
            reader.feed(part)

    assert reader.unfinished
    kept = len(target) + len(fields) + 3 * HEADER_OVERHEAD
    assert kept == budget.used
    reader.feed(b"ab")
    assert kept + 2 == budget.used
    reader.feed(b"c")
    assert (0, 0) == (budget.used, len(budget))
    assert [b"abc"] == [request.body for request in connection.requests]


def test_only_the_last_head_of_a_pipeline_is_counted_for_its_missing_body():
    connection, budget = Recorder(), Budget()
    reader = Reader(connection, lambda: 0.0, Heads(), budget)
    reader.feed(HEAD + b"X: " + b"y" * 9_000 + b"\r\n\r\n" + HEAD + b"Content-Length: 3\r\n\r\n")

    kept = len(b"/Host: a\r\nContent-Length: 3\r\n") + 2 * HEADER_OVERHEAD
    assert (1, kept) == (len(connection.requests), budget.used)
    reader.close()
    assert (0, 0) == (budget.used, len(budget))


def test_complete_heads_without_bodies_are_refused_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED_PER_ADDRESS", 100_000)
    budget = Budget()
    connections = [Recorder(), Recorder()]
    for connection in connections:
        reader = Reader(connection, lambda: 0.0, Heads(), budget)
        reader.feed(HEAD + b"X: " + b"y" * 60_000 + b"\r\nContent-Length: 3\r\n\r\n")

    assert [[], [503]] == [connection.refused for connection in connections]


@pytest.mark.parametrize("end", [b"", b"Content-Length: 3\r\n\r\n"], ids=["in the head", "in the body"])
def test_many_tiny_headers_take_the_room_of_their_objects(end):
    budget = Budget()
    reader = Reader(Recorder(), lambda: 0.0, Heads(), budget)
    tracemalloc.start()
    try:
        reader.feed(HEAD + b"".join(b"%d:\r\n" % number for number in range(190)) + end)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert budget.used >= 190 * HEADER_OVERHEAD
    assert budget.used >= 0.8 * taken


def test_headers_of_requests_that_wait_take_room_too():
    connection, sizes = Recorder(), []
    connection.queue = lambda request, *, keep_alive, size: sizes.append(size)
    Reader(connection, lambda: 0.0, Heads(), Budget()).feed(b"GET / HTTP/1.1\r\na:\r\nb:\r\n\r\n")

    assert [len(b"/a: \r\nb: \r\n") + 2 * HEADER_OVERHEAD] == sizes


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("field", [b"X: ", b""], ids=["a value", "a name"])
@pytest.mark.parametrize("body", [b"", b"1\r\na\r\n"], ids=["no body", "a body"])
def test_an_unfinished_trailer_takes_room_and_is_refused_beyond_the_limit_of_a_head(field, body):
    connection, budget = Recorder(), Budget()
    reader = Reader(connection, lambda: 0.0, Heads(), budget)
    reader.feed(CHUNKED + body + b"0\r\n" + field)
    before = budget.used
    reader.feed(b"y" * HEAD_LIMIT)
    assert before + HEAD_LIMIT == budget.used

    reader.feed(b"y" * HEAD_LIMIT)
    assert [431] == connection.refused


def test_an_unfinished_trailer_of_a_request_that_was_answered_already_is_refused_too():
    connection = Recorder()
    reader = Reader(connection, lambda: 0.0, Heads(), Budget())
    reader.feed(CHUNKED + b"%x\r\n%s\r\n0\r\nX: " % (BODY_LIMIT + 1, b"x" * (BODY_LIMIT + 1)))
    assert [None] == [request._body for request in connection.requests]
    for _ in range(2):
        reader.feed(b"y" * HEAD_LIMIT)

    assert [431] == connection.refused


def test_chunks_that_end_with_a_read_count_their_data_alone():
    connection, budget = Recorder(), Budget()
    reader = Reader(connection, lambda: 0.0, Heads(), budget)
    reader.feed(CHUNKED)
    before = budget.used
    for _ in range(10_000):
        reader.feed(b"2;extension=of-some-length\r\n")
        reader.feed(b"ab\r\n")

    assert ([], before + 20_000) == (connection.refused, budget.used)
    reader.feed(b"0\r\nX: y\r\n\r\n")
    assert [b"ab" * 10_000] == [request.body for request in connection.requests]
    assert 0 == budget.used


async def test_requests_that_wait_behind_another_take_room(monkeypatch):
    monkeypatch.setattr(limits, "UNFINISHED_LIMIT", 11_000)
    monkeypatch.setattr(limits, "UNFINISHED_PER_ADDRESS", 11_000)
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        await until(lambda: any(known._refused for known in server.state.connections))
        assert server.app.limits.unfinished.used <= 11_000
        server.app.go_on.set()

        async with asyncio.timeout(DEADLINE):
            answer = await reader.read()
        assert 10 == answer.count(b"HTTP/1.1 200 OK")
        assert answer.index(b"HTTP/1.1 503 ") > answer.rindex(b"HTTP/1.1 200 OK")
        assert 0 == server.app.limits.unfinished.used
        writer.close()


async def test_a_client_that_reads_no_answers_is_let_go():
    clock = LoopClock()
    async with serving() as server:
        _, writer = await server.connect()
        body = b"x" * 500_000
        writer.write((HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) * 20)
        writer.transport.pause_reading()
        await until(lambda: any(known._write_paused for known in server.state.connections))
        clock.advance(IDLE_LIMIT)
        await until(lambda: not server.state.connections)
        writer.close()
