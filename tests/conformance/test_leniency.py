"""What real clients send, and must get an answer to: section 9.1 of the reference, on a real server, byte by byte."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from tests.conformance import descriptions
from tests.conformance.wire import Answer, Wire
from tests.running import Running

#: Of the demo's types.
OPT_OUT, OPT_IN = "1", "2"


@pytest.fixture
def wire(server: Running) -> Iterator[Wire]:
    with Wire(server.url, server.token) as connection:
        yield connection


@pytest.fixture
def contact(wire: Wire) -> str:
    return _create(wire)


def _create(wire: Wire) -> str:
    made = wire.ask("POST /contacts", body=_json(email=f"{uuid4()}@example.com"))
    assert 200 == made.status
    return made.json()["id"]


def _attach(wire: Wire, contact: str, *headers: str) -> Answer:
    return wire.ask(f"POST /contacts/{contact}/subscriptions", *headers, body=_json(id=OPT_IN, consent_type="opt_in"))


def _attached(wire: Wire, contact: str) -> list[str]:
    return [one["id"] for one in wire.ask(f"GET /contacts/{contact}/subscriptions").json()["data"]]


def _json(**fields: object) -> bytes:
    return json.dumps(fields).encode()


# 1: versions


@pytest.mark.parametrize("version", [*descriptions.VERSIONS, "Unstable", "1.0", "1.4", "2.0", "2.6"])
def test_any_version_that_intercom_knows_is_answered(wire: Wire, contact: str, version: str):
    for request in ("GET /me", "GET /subscription_types", f"GET /contacts/{contact}"):
        answer = wire.ask(request, f"Intercom-Version: {version}")

        assert (200, version) == (answer.status, answer.headers["intercom-version"])


def test_no_version_at_all_is_answered_as_2_11(wire: Wire, contact: str):
    expected = wire.ask(f"GET /contacts/{contact}", "Intercom-Version: 2.11")

    assert expected.body == wire.ask(f"GET /contacts/{contact}").body


# 2: authentication


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_the_token_may_be_the_user_name_of_basic_authentication(wire: Wire, scheme: str):
    for password in ("", "x"):
        credentials = b64encode(f"{wire.token}:{password}".encode()).decode()

        answer = wire.ask("GET /me", f"Authorization: {scheme} {credentials}", authorized=False)

        assert (200, "admin") == (answer.status, answer.json()["type"])


def test_the_name_of_the_bearer_scheme_is_not_case_sensitive(wire: Wire):
    assert 200 == wire.ask("GET /me", f"Authorization: bearer {wire.token}", authorized=False).status


# 3: bodies on DELETE

BODIES = [b"{}", b"[]", b'{"id": "2"}', b"null", b"7", b"{not json", b"\xff\xfe\x00", b"x" * 70_000]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_on_the_detachment_of_a_type_is_ignored(wire: Wire, contact: str, body: bytes):
    _attach(wire, contact)

    detached = wire.ask(f"DELETE /contacts/{contact}/subscriptions/{OPT_IN}", body=body)

    assert (200, OPT_IN) == (detached.status, detached.json()["id"])
    assert [] == _attached(wire, contact)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_on_the_deletion_of_a_contact_is_ignored(wire: Wire, contact: str, body: bytes):
    deleted = wire.ask(f"DELETE /contacts/{contact}", "Content-Type: application/json", body=body)

    assert (200, True) == (deleted.status, deleted.json()["deleted"])
    assert 404 == wire.ask(f"GET /contacts/{contact}").status


def test_a_body_on_a_get_is_ignored(wire: Wire):
    assert 200 == wire.ask("GET /subscription_types", "Content-Type: application/json", body=b"[]").status
    assert 200 == wire.ask("GET /me").status


# 4 and 5: Content-Length and Content-Type

TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "text/plain",
    "nonsense",
]


@pytest.mark.parametrize("content_type", TYPES)
def test_a_json_body_is_read_whatever_its_content_type(wire: Wire, contact: str, content_type: str):
    assert 200 == _attach(wire, contact, f"Content-Type: {content_type}").status
    assert [OPT_IN] == _attached(wire, contact)


def test_a_json_body_is_read_without_a_content_type(wire: Wire, contact: str):
    assert 200 == _attach(wire, contact).status


@pytest.mark.parametrize("headers", [(), *((f"Content-Type: {one}",) for one in TYPES)], ids=str)
def test_a_post_without_body_and_content_length_is_as_good_as_an_empty_object(
    wire: Wire, contact: str, headers: tuple[str, ...]
):
    answer = wire.ask(f"POST /contacts/{contact}/subscriptions", *headers)

    assert (400, "parameter_not_found") == (answer.status, answer.json()["errors"][0]["code"])
    assert answer.body.replace(_request_id(answer), b"") == _without_id(wire, contact, b"{}")
    assert answer.body.replace(_request_id(answer), b"") == _without_id(wire, contact, b"")


def _without_id(wire: Wire, contact: str, body: bytes) -> bytes:
    answer = wire.ask(f"POST /contacts/{contact}/subscriptions", body=body)
    return answer.body.replace(_request_id(answer), b"")


def _request_id(answer: Answer) -> bytes:
    return answer.headers["x-request-id"].encode()


def test_a_body_in_chunks_is_read(wire: Wire, contact: str):
    body = _json(id=OPT_IN)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:3], body[3:])) + b"0\r\n\r\n"
    wire.send(wire.head(f"POST /contacts/{contact}/subscriptions", "Transfer-Encoding: chunked") + chunks)

    assert 200 == wire.answer().status
    assert [OPT_IN] == _attached(wire, contact)


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(wire: Wire, contact: str):
    """C#'s HttpWebRequest and curl with a long body do that."""
    body = _json(id=OPT_IN)
    headers = ("Expect: 100-continue", f"Content-Length: {len(body)}")
    wire.send(wire.head(f"POST /contacts/{contact}/subscriptions", *headers))

    assert 100 == wire.answer().status
    wire.send(body)
    assert 200 == wire.answer().status


@pytest.mark.parametrize("content_type", TYPES)
def test_get_and_delete_may_have_a_content_type(wire: Wire, contact: str, content_type: str):
    header = f"Content-Type: {content_type}"
    _attach(wire, contact)

    assert 200 == wire.ask(f"GET /contacts/{contact}/subscriptions", header).status
    assert 200 == wire.ask(f"DELETE /contacts/{contact}/subscriptions/{OPT_IN}", header).status
    assert 200 == wire.ask(f"DELETE /contacts/{contact}", header).status


# 6: Accept


@pytest.mark.parametrize(
    "accept", ["*/*", "application/vnd.intercom.3+json", "application/xml", "text/html, */*;q=0.1", "", "nonsense"]
)
def test_an_odd_accept_is_answered_with_json(wire: Wire, accept: str):
    for request, status in (("GET /me", 200), ("GET /contacts/unknown", 404)):
        answer = wire.ask(request, f"Accept: {accept}")

        assert (status, "application/json; charset=utf-8") == (answer.status, answer.headers["content-type"])


# 7: Upgrade

H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)


def test_an_upgrade_to_h2c_is_not_taken_up(wire: Wire):
    """Java's HttpClient offers it on each cleartext connection."""
    for _ in range(3):
        answer = wire.ask("GET /me", *H2C)

        assert (200, "HTTP/1.1") == (answer.status, answer.version)
        assert "upgrade" not in answer.headers


def test_the_body_of_a_request_that_offers_h2c_is_read(wire: Wire, contact: str):
    for number in range(3):
        assert 200 == _attach(wire, contact, *H2C, "Content-Type: application/json").status, number

    assert [OPT_IN] == _attached(wire, contact)


def test_the_body_may_come_after_the_head_that_offers_h2c(wire: Wire, contact: str):
    body = _json(id=OPT_IN)
    wire.send(wire.head(f"POST /contacts/{contact}/subscriptions", *H2C, f"Content-Length: {len(body)}"))
    for byte in body:
        wire.send(bytes([byte]))

    assert 200 == wire.answer().status
    assert [OPT_IN] == _attached(wire, contact)


@pytest.mark.parametrize("at", [1, 10])
def test_half_the_body_may_come_with_the_head_that_offers_h2c(wire: Wire, contact: str, at: int):
    body = _json(id=OPT_IN)
    head = wire.head(f"POST /contacts/{contact}/subscriptions", *H2C, f"Content-Length: {len(body)}")
    wire.send(head + body[:at])
    wire.send(body[at:] + wire.head(f"GET /contacts/{contact}/subscriptions", *H2C))

    assert [200, 200] == [wire.answer().status, wire.answer().status]
    assert [OPT_IN] == _attached(wire, contact)


def test_a_body_in_chunks_is_read_after_an_offer_of_h2c(wire: Wire, contact: str):
    body = _json(id=OPT_IN)
    head = wire.head(f"POST /contacts/{contact}/subscriptions", *H2C, "Transfer-Encoding: chunked")
    wire.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    assert 200 == wire.answer().status
    assert [OPT_IN] == _attached(wire, contact)


@pytest.mark.parametrize(
    "headers",
    [
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA"),
        ("Connection: keep-alive, Upgrade", "Upgrade: TLS/1.0"),
        ("Upgrade: h2c",),
        ("Connection: Upgrade",),
    ],
    ids=str,
)
def test_an_offer_of_any_other_protocol_is_not_taken_up(wire: Wire, contact: str, headers: tuple[str, ...]):
    assert 200 == wire.ask("GET /me", *headers).status
    assert 200 == _attach(wire, contact, *headers).status
    assert [OPT_IN] == _attached(wire, contact)


def test_a_large_body_after_an_offer_of_h2c_is_refused_as_any_other(wire: Wire, contact: str):
    assert 413 == wire.ask(f"POST /contacts/{contact}/subscriptions", *H2C, body=b"x" * (1024 * 1024 + 1)).status


def test_requests_that_follow_an_offer_of_h2c_are_answered_in_order(wire: Wire, contact: str):
    body = _json(id=OPT_IN)
    wire.send(
        wire.head(f"POST /contacts/{contact}/subscriptions", *H2C, f"Content-Length: {len(body)}")
        + body
        + wire.head(f"GET /contacts/{contact}/subscriptions", *H2C)
        + wire.head(f"DELETE /contacts/{contact}/subscriptions/{OPT_IN}")
        + wire.head(f"GET /contacts/{contact}/subscriptions")
    )

    told = [wire.answer().json() for _ in range(4)]

    assert ["subscription", "list", "subscription", "list"] == [one["type"] for one in told]
    assert [1, 0] == [len(told[1]["data"]), len(told[3]["data"])]


# 8: email alone


def test_an_email_alone_makes_a_user(wire: Wire):
    made = wire.ask("POST /contacts", body=_json(email=f"{uuid4()}@example.com"))

    assert (200, "user", None) == (made.status, made.json()["role"], made.json()["external_id"])


# 9: paths


@pytest.mark.parametrize("path", ["//contacts", "/contacts/", "//contacts//", "///contacts"])
def test_slashes_too_many_do_not_count(wire: Wire, path: str):
    assert "list" == wire.ask(f"GET {path}?per_page=1").json()["type"]
    made = wire.ask(f"POST {path}", body=_json(email=f"{uuid4()}@example.com"))
    assert (200, "contact") == (made.status, made.json()["type"])


def test_slashes_too_many_do_not_count_within_a_path(wire: Wire, contact: str):
    assert 200 == wire.ask(f"POST //contacts/{contact}//subscriptions/", body=_json(id=OPT_IN)).status
    assert 200 == wire.ask(f"DELETE //contacts/{contact}/subscriptions/{OPT_IN}/").status


def test_a_request_target_in_absolute_form_is_understood(wire: Wire, contact: str):
    """Ruby's client sends one where it follows a page."""
    for path in ("/subscription_types", f"/contacts/{contact}/subscriptions", "/contacts?per_page=1", "//me/"):
        relative, absolute = wire.ask(f"GET {path}"), wire.ask(f"GET http://{wire.host}{path}")

        assert (200, relative.body) == (absolute.status, absolute.body)


def test_a_body_after_an_absolute_request_target_is_read(wire: Wire, contact: str):
    answer = wire.ask(f"POST http://{wire.host}/contacts/{contact}/subscriptions", body=_json(id=OPT_IN))

    assert (200, OPT_IN) == (answer.status, answer.json()["id"])


# ids


@pytest.mark.parametrize("type_id", [b"2", b'"2"'])
def test_the_id_of_a_type_may_be_an_integer_or_a_string(wire: Wire, contact: str, type_id: bytes):
    attached = wire.ask(f"POST /contacts/{contact}/subscriptions", body=b'{"id": %s}' % type_id)

    assert (200, OPT_IN) == (attached.status, attached.json()["id"])


# 29: keep-alive


def test_one_connection_answers_many_requests(wire: Wire, contact: str):
    for _ in range(50):
        assert 200 == wire.ask(f"GET /contacts/{contact}/subscriptions").status


def test_requests_sent_at_once_on_one_connection_are_answered_in_order(wire: Wire, contact: str):
    wire.send(wire.head(f"GET /contacts/{contact}") + wire.head("GET /me") + wire.head("GET /subscription_types") * 8)

    told = [wire.answer().json()["type"] for _ in range(10)]

    assert ["contact", "admin", *["list"] * 8] == told


def test_errors_keep_the_connection_open(wire: Wire):
    for request, status in (("GET /contacts/unknown", 404), ("PATCH /contacts", 404), ("GET /nowhere", 404)):
        assert status == wire.ask(request).status

    assert 401 == wire.ask("GET /me", "Authorization: Bearer wrong", authorized=False).status
    assert 400 == wire.ask("POST /contacts", body=b"{not json").status
    assert 200 == wire.ask("GET /me").status


def test_eight_connections_at_once_are_served(server: Running):
    def story(number: int) -> list[str]:
        with Wire(server.url, server.token) as wire:
            contact = _create(wire)
            for _ in range(5):
                assert 200 == _attach(wire, contact).status
                assert 200 == wire.ask(f"DELETE /contacts/{contact}/subscriptions/{OPT_IN}").status
            wire.ask(f"POST /contacts/{contact}/subscriptions", body=_json(id=OPT_OUT))
            return _attached(wire, contact)

    with ThreadPoolExecutor(8) as threads:
        assert [[OPT_OUT]] * 8 == list(threads.map(story, range(8)))


def test_a_client_that_wants_the_connection_closed_has_it_closed(wire: Wire):
    assert 200 == wire.ask("GET /me", "Connection: close").status
    assert wire.is_closed()
