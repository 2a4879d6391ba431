"""HTTP as it comes over the wire to a real server: hostile, broken, slow, or merely odd."""

import json
import uuid

import pytest
from tests.http.wire import request, to

MIB = 1024 * 1024


def new_contact() -> tuple[str, bytes]:
    email = f"{uuid.uuid4().hex}@example.com"
    return email, json.dumps({"email": email}).encode()


def is_there(server, email: str) -> bool:
    """Whether some contact has taken the address: a second one is then refused."""
    with server.client as client:
        return client.post("/contacts", json={"email": email}).status_code == 409


def told(answer) -> tuple[int, str, str]:
    body = answer.json
    assert "application/json; charset=utf-8" == answer.headers["content-type"]
    assert "error.list" == body["type"]
    return answer.status, body["errors"][0]["code"], body["errors"][0]["message"]


# What is no request.


NO_HTTP = {
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    "words": b"hello there\r\n\r\n",
    "NULs": b"\x00" * 64,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"BREW /me HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown version": b"GET /me HTTP/9.9\r\nHost: x\r\n\r\n",
    "line feeds alone": b"GET /me HTTP/1.1\nHost: x\n\n",
    "a space before the colon": b"GET /me HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET /me HTTP/1.1\r\nX: a\r\n b\r\nHost: x\r\n\r\n",
    "a NUL in a header": b"GET /me HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    "a NUL in the path": b"GET /contacts/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "high bytes in the path": b"GET /contacts/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a negative length": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length in words": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "a length with a plus": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
    "an empty length": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
    "a length of 5,000 digits": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a list of lengths": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}",
    "a length and chunks": b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"POST /contacts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked, but not last": b"POST /contacts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "a chunk of no number": b"POST /contacts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "a chunk past 64 bits": b"POST /contacts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http_is_told_so_in_json_and_the_connection_closed(server, data):
    with to(server) as wire:
        answer = wire.send(data).answer()
        assert (400, "bad_request", "Invalid HTTP request") == told(answer)
        assert "close" == answer.headers["connection"]
        assert wire.answer() is None


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        ("GET /me", ["X: " + "x" * 1_000_000]),
        ("GET /me", [f"X-{number}: x" for number in range(10_000)]),
        ("GET /me", [f"X-{number}: x" for number in range(201)]),
        ("GET /" + "x" * 1_000_000, []),
        ("GET /me?" + "x" * 70_000, []),
    ],
    ids=["a header of 1 MB", "10,000 headers", "201 headers", "a path of 1 MB", "a query of 70 kB"],
)
def test_a_head_past_the_limits_is_refused_and_the_client_can_read_why(server, line, headers):
    with to(server) as wire:
        answer = wire.send(request(server, line, *headers)).answer()
        assert (431, "client_error", "Request header fields too large") == told(answer)


def test_a_head_within_the_limits_is_served(server):
    headers = [*(f"X-{number}: x" for number in range(190)), "Y: " + "y" * 60_000]
    with to(server) as wire:
        assert 200 == wire.send(request(server, "GET /me", *headers)).answer().status


# Large bodies.


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_a_mebibyte_is_413_and_the_client_can_read_why(server, chunked, connection):
    body = b"x" * 5 * MIB
    if chunked:
        chunks = b"".join(b"%x\r\n%s\r\n" % (MIB, body[:MIB]) for _ in range(5)) + b"0\r\n\r\n"
        data = request(server, "POST /contacts", "Transfer-Encoding: chunked", f"Connection: {connection}") + chunks
    else:
        data = request(server, "POST /contacts", f"Connection: {connection}", body=body)
    with to(server) as wire:
        answer = wire.send(data).answer()
        assert (413, "client_error", "The body may have 1048576 bytes at most") == told(answer)
        assert answer.headers["x-request-id"] == answer.json["request_id"]
        if connection == "keep-alive":
            assert 200 == wire.send(request(server, "GET /me")).answer().status


@pytest.mark.parametrize("length", [MIB + 1, 5_000_000_000, 2**63])
def test_a_length_over_a_mebibyte_is_413_before_the_body_comes(server, length):
    with to(server) as wire:
        answer = wire.send(request(server, "POST /contacts", f"Content-Length: {length}") + b"{}").answer()
        assert 413 == answer.status


def test_a_body_longer_than_its_length_is_the_next_request_and_no_request(server):
    _, body = new_contact()
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", f"Content-Length: {len(body)}") + body + b"surplus\r\n\r\n")
        assert 200 == wire.answer().status
        assert 400 == wire.answer().status
        assert wire.answer() is None


def test_a_body_in_thousands_of_tiny_chunks_is_read(server):
    email, body = new_contact()
    padding = b'"' + b"x" * 20_000 + b'",'
    body = body[:-1] + b',"x":' + padding[:-1] + b"}"
    chunks = b"".join(b"1;ext=%s\r\n%c\r\n" % (b"y" * 20, byte) for byte in body) + b"0\r\n\r\n"
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", "Transfer-Encoding: chunked") + chunks)
        assert 200 == wire.answer().status
    assert is_there(server, email)


# Smuggling.


def test_a_trailer_is_no_header(server):
    head = b"POST /contacts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with to(server) as wire:
        wire.send(head + b"2\r\n{}\r\n0\r\nAuthorization: Bearer " + server.token.encode() + b"\r\n\r\n")
        assert (401, "unauthorized", "Access Token Invalid") == told(wire.answer())


def test_the_body_of_a_request_that_offers_an_upgrade_is_its_body(server):
    email, body = new_contact()
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", *offer, body=body))
        assert (200, email) == ((answer := wire.answer()).status, answer.json["email"])
        assert 200 == wire.send(request(server, "GET /me", *offer)).answer().status
        assert 200 == wire.send(request(server, "GET /me")).answer().status


def test_a_chunked_body_of_a_request_that_offers_an_upgrade_is_its_body(server):
    email, body = new_contact()
    offer = ("Connection: Upgrade, close", "Upgrade: h2c", "Transfer-Encoding: chunked")
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", *offer) + b"%x\r\n%s\r\n" % (len(body), body))
        answer = wire.send(b"0\r\n\r\n").answer()
        assert (200, email, "close") == (answer.status, answer.json["email"], answer.headers["connection"])
        assert wire.answer() is None


def test_a_request_in_the_body_of_one_that_offers_an_upgrade_is_never_served(server):
    email, inner = new_contact()
    smuggled = request(server, "POST /contacts", body=inner)
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", "Connection: Upgrade", "Upgrade: x", body=smuggled))
        assert (400, "bad_request", "The body is not valid JSON") == told(wire.answer())
        assert 200 == wire.send(request(server, "GET /me")).answer().status
    assert not is_there(server, email)


# Order.


def test_pipelined_requests_are_answered_in_order(server):
    contacts = [new_contact() for _ in range(20)]
    requests = []
    for _, body in contacts:
        requests += [request(server, "POST /contacts", body=body), request(server, "GET /nowhere")]
    with to(server) as wire:
        wire.send(b"".join(requests))
        for email, _ in contacts:
            assert email == wire.answer().json["email"]
            assert 404 == wire.answer().status


def test_a_refusal_comes_after_the_answers_to_what_came_before(server):
    email, body = new_contact()
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", body=body) + request(server, "GET /me") + b"nonsense\r\n\r\n")
        assert email == wire.answer().json["email"]
        assert 200 == wire.answer().status
        assert 400 == wire.answer().status
        assert wire.answer() is None


def test_what_follows_a_request_that_closes_is_not_served(server):
    email, body = new_contact()
    with to(server) as wire:
        wire.send(request(server, "GET /me", "Connection: close") + request(server, "POST /contacts", body=body))
        assert 200 == wire.answer().status
        assert wire.answer() is None
    assert not is_there(server, email)


# Coming and going.


def test_a_client_that_goes_away_in_its_body_has_written_nothing(server):
    email, body = new_contact()
    wire = to(server)
    wire.send(request(server, "POST /contacts", f"Content-Length: {len(body) + 1}") + body)
    wire.reset()

    assert not is_there(server, email)


def test_a_client_that_goes_away_in_its_head_harms_nobody(server):
    for _ in range(20):
        wire = to(server)
        wire.send(b"GET /me HTTP/1.1\r\nAuthor")
        wire.reset()

    with to(server) as wire:
        assert 200 == wire.send(request(server, "GET /me")).answer().status


def test_a_request_may_come_byte_by_byte(server):
    email, body = new_contact()
    with to(server) as wire:
        for byte in request(server, "POST /contacts", body=body):
            wire.send(bytes([byte]))
        assert email == wire.answer().json["email"]


def test_a_client_that_waits_for_leave_to_send_gets_it(server):
    email, body = new_contact()
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", "Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert 100 == wire.answer().status
        assert email == wire.send(body).answer().json["email"]


def test_a_client_that_waits_for_leave_to_send_too_much_is_told_at_once(server):
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", "Expect: 100-continue", f"Content-Length: {MIB + 1}"))
        assert 413 == wire.answer().status


# Odd, but right.


@pytest.mark.parametrize("target", ["http://sayso.test/me", "http://other.test:99/me?x=1", "/me?", "/me?x=%00%ff"])
def test_a_target_of_any_form_is_served(server, target):
    with to(server) as wire:
        assert 200 == wire.send(request(server, f"GET {target}")).answer().status


def test_a_target_without_a_path_is_no_route(server):
    with to(server) as wire:
        assert 404 == wire.send(request(server, "OPTIONS *")).answer().status
        assert 404 == wire.send(request(server, "GET http://sayso.test")).answer().status


def test_http_1_0_is_served_and_closed(server):
    with to(server) as wire:
        wire.send(request(server, "GET /me").replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = wire.answer()
        assert (200, "close") == (answer.status, answer.headers["connection"])
        assert wire.answer() is None


def test_head_is_answered_where_get_is_without_a_body(server):
    with to(server) as wire:
        get = wire.send(request(server, "GET /me")).answer()
        head = wire.send(request(server, "HEAD /me")).answer("HEAD")
        assert (200, get.headers["content-length"]) == (head.status, head.headers["content-length"])
        assert 200 == wire.send(request(server, "GET /me")).answer().status


@pytest.mark.parametrize(
    "header",
    [
        "Accept: text/html",
        "Accept: application/vnd.intercom.3+json",
        "Accept:",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: \xff",
        "X: \xff\xfe",
        "Cookie: " + "c" * 5000,
    ],
)
def test_odd_headers_do_not_matter(server, header):
    email, body = new_contact()
    with to(server) as wire:
        assert email == wire.send(request(server, "POST /contacts", header, body=body)).answer().json["email"]


def test_every_answer_has_a_length_a_date_and_its_media_type(server):
    with to(server) as wire:
        headers = wire.send(request(server, "GET /nowhere")).answer().headers
        assert "application/json; charset=utf-8" == headers["content-type"]
        assert headers["date"]
        assert "server" not in headers


def test_the_server_has_not_complained_of_a_defect(server):
    assert "Traceback" not in server.said
    assert "request failed" not in server.said
