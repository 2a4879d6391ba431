"""Heads that came before: taken apart without the parser, and never otherwise than by it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from sayso.http import heads
from sayso.http.heads import Heads
from sayso.http.limits import Limits
from sayso.http.protocol import HttpProtocol
from sayso.http.request import Fields
from sayso.http.response import Response

FIELDS = b"Host: sayso.test\r\nAuthorization: Bearer secret\r\n"
CLIENT = "192.0.2.1"
KEPT = Fields({b"host": b"sayso.test", b"authorization": b"Bearer secret"})

Told = tuple[str, str, bytes, dict[bytes, bytes], bytes]


def a_request(line: bytes, fields: bytes = FIELDS, body: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return line + b"\r\n" + fields + length + b"\r\n" + body


def test_fields_that_came_before_are_the_same_object_for_another_target():
    known = Heads()
    known.keep(a_request(b"GET /1 HTTP/1.1"), KEPT)

    whole = known.whole(a_request(b"DELETE /2?a=b HTTP/1.1"), CLIENT)

    assert ("DELETE", "/2", b"a=b", b"") == (whole.method, whole.path, whole.query_string, whole.body)
    assert KEPT is whole.headers


def test_a_body_is_as_long_as_the_fields_say():
    known, fields = Heads(), Fields({**KEPT, b"content-length": b"2"})
    known.keep(a_request(b"POST / HTTP/1.1", body=b"{}"), fields)

    assert b"[]" == known.whole(a_request(b"POST / HTTP/1.1", body=b"[]"), CLIENT).body
    assert known.whole(a_request(b"POST / HTTP/1.1", body=b"[]")[:-1], CLIENT) is None
    assert known.whole(a_request(b"POST / HTTP/1.1", body=b"[]") + b"G", CLIENT) is None


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.0",
        b"get / HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET http://other.test/ HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"GET /#a HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET /" + b"a" * 65_536 + b" HTTP/1.1",
        b"\r\nGET / HTTP/1.1",
    ],
)
def test_a_line_of_another_form_is_the_parsers(line: bytes):
    known = Heads()
    known.keep(a_request(b"GET / HTTP/1.1"), KEPT)

    assert known.whole(a_request(line), CLIENT) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
        (b"expect", b"100-continue"),
        (b"connection", b"close"),
        (b"connection", b"keep-alive, upgrade"),
    ],
)
def test_fields_that_ask_for_more_than_an_answer_are_not_kept(name: bytes, value: bytes):
    known, block = Heads(), FIELDS + b"%s: %s\r\n" % (name, value)
    known.keep(a_request(b"GET / HTTP/1.1", block), Fields({**KEPT, name: value}))

    assert known.whole(a_request(b"GET / HTTP/1.1", block), CLIENT) is None


def test_a_bare_line_feed_is_never_remembered():
    known, block = Heads(), b"Host: a\nX: b\r\n"
    known.keep(a_request(b"GET / HTTP/1.1", block), Fields({b"host": b"a"}))

    assert known.whole(a_request(b"GET / HTTP/1.1", block), CLIENT) is None


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(heads, "HEADS_LIMIT", 2)
    known = Heads()
    for number in range(5):
        known.keep(a_request(b"GET / HTTP/1.1", b"X: %d\r\n" % number), Fields({b"x": b"%d" % number}))
        assert len(known._known) <= 2
    known.keep(a_request(b"GET / HTTP/1.1", b"X: %s\r\n" % (b"y" * heads.SIZE_LIMIT)), Fields())

    assert known.whole(a_request(b"GET / HTTP/1.1", b"X: %s\r\n" % (b"y" * heads.SIZE_LIMIT)), CLIENT) is None


class _Wire:
    """A transport that goes nowhere, and tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1)

    def write(self, data: bytes) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class _Notes:
    """An application that notes what it was asked."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.limits = Limits()

    async def respond(self, request: Any) -> Response:
        told = (request.method, request.path, request.query_string, dict(request.headers), request.body)
        self.told.append(told)
        return Response(b"")

    def refuse(self, status: int, client: str, why: str) -> Response:
        self.told.append((str(status), "", b"", {}, b""))
        return Response(b"", status)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError


_BLOCKS = st.lists(
    st.sampled_from(
        [
            b"Host: sayso.test",
            b"Authorization: Bearer secret",
            b"X-Empty:",
            b"Connection: keep-alive",
            b"Connection: close",
            b"Transfer-Encoding: chunked",
            b"Content-Length: 0",
            b"Content-Length: 2",
            b"Expect: 100-continue",
            b" folded",
            b"X: a\nY: b",
        ]
    ),
    max_size=4,
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))
_LINES = st.sampled_from(
    [b"GET /1 HTTP/1.1", b"GET /2?a=b HTTP/1.1", b"POST /3 HTTP/1.1", b"HEAD /4 HTTP/1.1", b"GET /5 HTTP/1.0", b"X"]
)
_CHUNKS = st.tuples(_LINES, _BLOCKS, st.sampled_from([b"", b"{}", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])).map(
    lambda parts: a_request(parts[0], parts[1]) + parts[2]
)


async def heard(chunks: list[bytes], *, remembering: bool) -> list[Told]:
    """What an application is asked when a connection's bytes arrive in these chunks, each block of fields twice."""
    app, loop = _Notes(), asyncio.get_running_loop()
    config = uvicorn.Config(app, interface="asgi3", log_config=None, lifespan="off")
    config.load()
    config.loaded_app = app
    connection = HttpProtocol(config, ServerState(), {}, loop)
    connection.connection_made(_Wire())  # type: ignore[arg-type]
    for chunk in chunks:
        if not remembering:
            connection._heads = Heads()
        connection.data_received(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return app.told


@given(st.lists(_CHUNKS, max_size=3))
def test_an_application_is_asked_the_same_as_if_nothing_had_come_before(chunks: list[bytes]):
    twice = [chunk for chunk in chunks for _ in range(2)]

    expected = asyncio.run(heard(twice, remembering=False))

    assert expected == asyncio.run(heard(twice, remembering=True))
