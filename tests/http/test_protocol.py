"""The protocol's own deadlines and limits, on a loop in process whose clock the tests advance."""

from __future__ import annotations

import asyncio

import pytest
from tests.http.serving import everything, serving, until
from tests.loop_clock import LoopClock

from sayso.http import protocol, reader


@pytest.fixture
async def clock() -> LoopClock:
    return LoopClock()


@pytest.mark.parametrize(
    "data",
    [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n{"],
)
async def test_a_request_that_does_not_arrive_is_not_waited_for_for_ever(clock, data):
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(data)
        await until(lambda: any(known._reader.arriving for known in server.state.connections))
        clock.advance(protocol.ARRIVAL_LIMIT)
        answer = await everything(reader)

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.endswith(b"\r\n\r\n408")
        assert [] == server.app.asked
        writer.close()


async def test_a_head_that_trickles_in_is_not_waited_for_for_ever(clock):
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET / HTTP/1.1\r\n")
        await until(lambda: any(known._reader.arriving for known in server.state.connections))
        connection = server.connection
        for number in range(20):
            clock.advance(protocol.ARRIVAL_LIMIT / 10)
            writer.write(b"X-%d: 1\r\n" % number)
            await until(lambda came=number: connection._refused or len(connection._reader._headers) >= came)

        assert (await everything(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_connection_that_says_nothing_is_closed_without_a_word(clock):
    async with serving() as server:
        reader, writer = await server.connect()
        await until(lambda: server.state.connections)
        clock.advance(protocol.IDLE_LIMIT)

        assert b"" == await everything(reader)
        writer.close()


async def test_an_idle_connection_is_closed_after_its_answers(clock):
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        await until(lambda: len(server.app.asked) == 2)
        clock.advance(protocol.IDLE_LIMIT)
        answer = await everything(reader)

        assert 2 == answer.count(b"HTTP/1.1 200 OK")
        assert answer.index(b"/1 ") < answer.index(b"/2 ")
        writer.close()


async def test_a_client_that_stalls_in_a_body_nobody_wants_is_let_go(clock):
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n{")
        await until(lambda: server.app.asked)
        clock.advance(protocol.IDLE_LIMIT)
        answer = await everything(reader)

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert 1 == answer.count(b"HTTP/1.1")
        writer.close()


async def test_an_answer_that_takes_its_time_is_waited_for(clock, monkeypatch):
    looks = []
    look = protocol.HttpProtocol.look
    monkeypatch.setattr(protocol.HttpProtocol, "look", lambda connection: (look(connection), looks.append(connection)))
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /wait HTTP/1.1\r\nConnection: close\r\n\r\n")
        await until(lambda: server.app.asked)
        clock.advance(3 * protocol.IDLE_LIMIT)
        await until(lambda: server.connection in looks)
        server.app.go_on.set()

        assert (await everything(reader)).startswith(b"HTTP/1.1 200 OK")
        writer.close()


async def test_more_than_32_mebibytes_of_what_nobody_wants_are_not_read(monkeypatch):
    monkeypatch.setattr(reader, "DISCARD_LIMIT", 3_000_000)
    async with serving() as server:
        _, writer = await server.connect()
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 90000000\r\n\r\n")

        async def go_on() -> None:
            for _ in range(900):
                writer.write(b"x" * 100_000)
                await writer.drain()

        with pytest.raises(ConnectionError):
            await go_on()
        writer.close()


async def test_a_defect_in_an_answer_closes_the_connection():
    async with serving() as server:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: None)

        assert b"" == await server.exchange(b"GET /defect HTTP/1.1\r\n\r\n")


async def test_a_stopping_server_answers_what_has_begun_to_arrive_and_closes():
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"POST /1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nab")
        await until(lambda: any(known._reader.arriving and known._reader._body for known in server.state.connections))
        for connection in list(server.state.connections):
            connection.shutdown()
        writer.write(b"cd")

        answer = await everything(reader)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"connection: close\r\n\r\n/1 abcd")
        writer.close()


async def test_a_stopping_server_answers_everything_in_the_pipeline():
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /wait HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n")
        await until(lambda: any(len(known._waiting) == 2 for known in server.state.connections))
        for connection in list(server.state.connections):
            connection.shutdown()
        server.app.go_on.set()

        answer = await everything(reader)
        assert 3 == answer.count(b"HTTP/1.1 200 OK")
        assert 1 == answer.count(b"connection: close")
        writer.close()


async def test_a_stopping_server_closes_idle_connections_and_stalled_requests(clock):
    async with serving() as server:
        idle, idle_writer = await server.connect()
        stalled, stalled_writer = await server.connect()
        stalled_writer.write(b"GET / HTTP/1.1\r\n")
        await until(lambda: sorted(known._reader.arriving for known in server.state.connections) == [False, True])
        for connection in list(server.state.connections):
            connection.shutdown()

        assert b"" == await everything(idle)
        clock.advance(protocol.LAST_ARRIVAL)
        assert (await everything(stalled)).startswith(b"HTTP/1.1 408 ")
        idle_writer.close()
        stalled_writer.close()


async def test_who_comes_to_a_stopping_server_after_a_long_handshake_is_answered_and_let_go(clock):
    async with serving() as server:
        protocol.stops(server.state)

        answer = await server.exchange(b"GET /1 HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in answer
        reader, writer = await server.connect()
        await until(lambda: any(not known._waiting for known in server.state.connections))
        clock.advance(protocol.LAST_ARRIVAL)
        assert b"" == await everything(reader)
        writer.close()


async def test_a_client_that_reads_again_may_not_send_more_than_may_wait():
    async with serving() as server:
        _, writer = await server.connect()
        writer.write(b"GET /wait HTTP/1.1\r\n\r\n" * 2 * protocol.PIPELINE_LIMIT)
        await until(lambda: any(known._waiting for known in server.state.connections))
        [connection] = server.state.connections
        connection.pause_writing()
        connection.resume_writing()

        assert not connection._transport.is_reading()
        server.app.go_on.set()
        await until(connection._transport.is_reading)
        writer.close()


async def test_more_requests_than_may_wait_are_answered_all_the_same():
    async with serving() as server:
        reader, writer = await server.connect()
        count = 5 * protocol.PIPELINE_LIMIT
        last = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"
        writer.write(b"GET /wait HTTP/1.1\r\n\r\n" * count + last)
        await until(lambda: server.app.asked)
        server.app.go_on.set()

        answer = await everything(reader)
        assert count + 1 == answer.count(b"HTTP/1.1 200 OK")
        writer.close()


async def test_blanks_at_the_end_of_a_fields_value_are_none_of_it():
    async with serving() as server:
        await server.exchange(b"GET / HTTP/1.1\r\nHost: eu.example \t \r\nConnection: close\r\n\r\n")

        assert [b"eu.example"] == server.app.hosts
