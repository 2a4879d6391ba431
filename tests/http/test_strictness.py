"""Heads that are well-formed and yet refused, because two readers could take them for two things."""

from __future__ import annotations

import pytest
from tests.http.serving import Serving, everything, serving, until

from sayso.http.validity import is_host

CLOSE = b"Connection: close\r\n\r\n"
FOLLOWS = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

HOSTS = [
    b"a",
    b"api.sayso.example",
    b"API.Sayso.Example.",
    b"with_underscore-and-dash",
    b"192.0.2.1",
    b"a:8080",
    b"a.:1",
    b"a:",
    b"a:0",
    b"a:00080",
    b"a:65535",
    b"[::1]",
    b"[2001:db8::1]:443",
    b"[::ffff:192.0.2.1]",
]
NO_HOSTS = {
    "user information": b"user@x",
    "a blank": b"x y",
    "a list": b"a, b",
    "60 KB": b"x" * 60_000,
    "an address after the port": b"host:x@y",
    "two dots at the end": b"host..",
    "a dot at the beginning": b".host",
    "dots alone": b"..",
    "a port that is no number": b"host:http",
    "a port of six digits": b"host:123456",
    "a port that is too high": b"host:65536",
    "the highest port of five digits": b"host:99999",
    "a port of an address that is too high": b"[::1]:65536",
    "a port with a sign": b"host:+80",
    "two ports": b"host:1:2",
    "a port alone": b":80",
    "a path": b"host/path",
    "an address without brackets": b"::1",
    "brackets that hold no address": b"[host]",
    "a bracket": b"[::1",
    "a scheme": b"http://host",
    "a percent sign": b"ho%73t",
    "high bytes": "hörst".encode(),
    "a comma": b"a,b",
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_a_name_or_an_address_with_an_optional_port(host):
    assert is_host(host)


@pytest.mark.parametrize("host", NO_HOSTS.values(), ids=NO_HOSTS)
async def test_an_invalid_host_is_refused_wherever_it_stands(host):
    assert not is_host(host)
    async with serving() as server:
        for head in (b"GET /1 HTTP/1.1\r\nHost: %s\r\n" % host, b"GET http://%s/1 HTTP/1.1\r\nHost: a\r\n" % host):
            if b"://%s/" % host in head and host in (b"host/path", b"http://host"):
                # There, these are a host and a path.
                continue
            answer = await server.exchange(head + CLOSE + FOLLOWS)

            assert answer.startswith(b"HTTP/1.1 400 ")
            assert 1 == answer.count(b"HTTP/1.1")
        assert [] == server.app.asked


REFUSED = {
    "a length for CONNECT": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(FOLLOWS), 501),
    "CONNECT": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "CONNECT in other forms": (b"CONNECT /1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "gzip, chunked": (b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "identity, then chunked": (
        b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked twice": (
        b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked, chunked": (b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked with a parameter": (b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x;chunked\r\n\r\n0\r\n\r\n", 501),
    "an empty coding": (b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400),
    "chunks in HTTP/1.0": (b"POST /1 HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "HTTP/2.0": (b"GET /1 HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/0.9": (b"GET /1 HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    "RTSP": (b"GET /1 RTSP/1.0\r\nHost: a\r\n\r\n", 505),
    "RTSP like HTTP/1.1": (b"POST  /1  RTSP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 505),
    "RTSP after an empty line": (b"\r\nGET /1 RTSP/1.0\r\nHost: a\r\n\r\n", 505),
    "Icecast": (b"SOURCE /1 ICE/1.0\r\nHost: a\r\n\r\n", 505),
    "another scheme": (b"GET ftp://a/1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no scheme": (b"GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a star": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no authority": (b"GET http:///1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_could_be_taken_for_two_things_is_refused_and_nothing_after_it_is_read(sent, status):
    async with serving() as server:
        answer = await server.exchange(sent + FOLLOWS)

        assert int(answer.split()[1]) == status, answer
        assert b"connection: close\r\n" in answer
        assert 1 == answer.count(b"HTTP/1.1")
        assert [] == server.app.asked


async def cut_in_two(server: Serving, sent: bytes, cut: int) -> bytes:
    """What comes back for bytes that arrive in two reads."""
    reader, writer = await server.connect()
    writer.write(sent[:cut])
    await until(lambda: server.state.connections)
    connection = server.connection
    await until(lambda: connection._reader.arriving or connection._refused)
    writer.write(sent[cut:])
    return await everything(reader)


OTHER_PROTOCOLS = [b"GET /1 RTSP/1.0\r\nHost: a\r\n\r\n", b"SOURCE /1 ICE/1.0\r\nHost: a\r\n\r\n"]


@pytest.mark.parametrize("sent", OTHER_PROTOCOLS)
async def test_another_protocol_is_refused_wherever_its_line_is_cut(sent):
    for cut in range(1, sent.index(b"\r\n")):
        async with serving() as server:
            assert (await cut_in_two(server, sent, cut)).startswith(b"HTTP/1.1 505 ")
            assert [] == server.app.asked


async def test_a_request_that_only_mentions_another_protocol_is_served():
    body = b'{"name": "GET /1 RTSP/1.0"}'
    sent = b"POST /RTSP/1 HTTP/1.1\r\nX: /1 RTSP/1.0\r\nUser-Agent: ICE/1.0\r\nContent-Length: %d\r\n%s%s" % (
        len(body),
        CLOSE,
        body,
    )
    for cut in range(1, len(sent)):
        async with serving() as server:
            assert (await cut_in_two(server, sent, cut)).endswith(b"/RTSP/1 " + body)


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b"chunked  "])
async def test_chunked_alone_is_served(coding):
    async with serving() as server:
        head = b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n%s" % (coding, CLOSE)
        assert (await server.exchange(head + b"2\r\nab\r\n0\r\n\r\n")).endswith(b"/1 ab")


@pytest.mark.parametrize("host", [b"", b"Host:\r\n"])
async def test_a_missing_or_empty_host_is_served(host):
    async with serving() as server:
        assert (await server.exchange(b"GET /1 HTTP/1.1\r\n" + host + CLOSE)).startswith(b"HTTP/1.1 200 OK")


async def test_the_authority_of_a_whole_url_takes_precedence_over_the_host():
    async with serving() as server:
        await server.exchange(b"GET http://eu.example:99/1?x HTTP/1.1\r\nHost: us.example\r\n" + CLOSE)
        await server.exchange(b"GET HTTPS://EU.example HTTP/1.1\r\nHost: us.example\r\n" + CLOSE)

        assert [b"eu.example:99", b"EU.example"] == server.app.hosts
        assert ["/1", "/"] == server.app.asked


async def test_a_head_that_was_refused_is_refused_again_however_often_it_comes():
    async with serving() as server:
        for _ in range(3):
            answer = await server.exchange(b"GET /1 HTTP/1.1\r\nHost: a b\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 400 ")
        assert [] == server.app.asked


@pytest.mark.parametrize("body", [b"", b"ab"])
async def test_ten_thousand_offers_of_an_upgrade_in_one_read_are_answered(body):
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    offer = b"POST /1 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n" + length + b"\r\n" + body
    async with serving() as server:
        reader, writer = await server.connect()
        await until(lambda: server.state.connections)
        [connection] = server.state.connections
        connection.data_received(offer * 10_000)
        await until(lambda: len(server.app.asked) == 10_000)

        assert not connection._refused
        writer.write(b"GET /last HTTP/1.1\r\nHost: a\r\n" + CLOSE)
        answer = await reader.read()
        assert 10_001 == answer.count(b"HTTP/1.1 200 OK")


async def test_a_long_pipeline_lets_others_in():
    async with serving() as server:
        _, writer = await server.connect()
        _, other = await server.connect()
        await until(lambda: len(server.state.connections) == 2)
        [mine] = [
            known
            for known in server.state.connections
            if known._transport.get_extra_info("peername")[1] == writer.get_extra_info("sockname")[1]
        ]
        mine.data_received(b"GET /mine HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        other.write(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: len(server.app.asked) == 1001)

        assert server.app.asked.index("/other") < 500
