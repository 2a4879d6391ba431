"""Logs: structured, on stderr, and without anything that people told us."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import structlog
from tests.cast import TOKEN
from tests.machine import DEADLINE
from tests.running import Running

from sayso import logs

ADDRESS = "alice@example.com"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go, configured as in a server that writes JSON."""
    kept = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    logs.configure("json", stream)
    yield stream
    structlog.reset_defaults()
    logging.root.handlers[:], level = kept
    logging.root.setLevel(level)


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _fail() -> None:
    raise ValueError(f"no such address: {ADDRESS}")


def test_an_error_is_told_by_its_type_and_its_places(stream: io.StringIO):
    try:
        _fail()
    except ValueError:
        structlog.get_logger().exception("request failed", request_id="r1")

    [line] = _lines(stream)
    assert ("request failed", "ValueError", "r1", "error") == (
        line["event"],
        line["error"],
        line["request_id"],
        line["level"],
    )
    assert line["places"][-1].startswith("test_logs.py:")
    assert line["places"][-1].endswith(" _fail")
    assert ADDRESS not in stream.getvalue()


def test_what_uvicorn_says_of_an_application_s_error_holds_no_values(stream: io.StringIO):
    try:
        _fail()
    except ValueError as error:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)

    [line] = _lines(stream)
    assert ("Exception in ASGI application", "ValueError") == (line["event"], line["error"])
    assert "uvicorn.error" == line["logger"]
    assert ADDRESS not in stream.getvalue()


async def test_what_the_event_loop_says_holds_no_values(stream: io.StringIO):
    async def fail(address: str) -> None:
        _fail()

    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(fail(ADDRESS))
    await asyncio.wait([task])
    handle = loop.call_soon(lambda address: _fail(), ADDRESS)
    del task, handle
    done = asyncio.Event()
    loop.call_soon(done.set)
    await done.wait()

    assert 2 == len(_lines(stream))
    assert {("the event loop met an error", "ValueError")} == {(one["event"], one["error"]) for one in _lines(stream)}
    assert ADDRESS not in stream.getvalue()


def test_numbers_of_a_library_s_message_are_kept_and_its_words_are_not(stream: io.StringIO):
    logging.getLogger("some.library").warning("%d tasks of %s", 3, ADDRESS)
    logging.getLogger("some.library").warning("%(address)s at %(place)d", {"address": ADDRESS, "place": 4})
    record = logging.LogRecord("some.library", logging.WARNING, "", 0, "%d tasks", (ADDRESS,), None)
    logging.root.handlers[0].emit(record)

    assert ["3 tasks of <str>", "<str> at 4", "%d tasks"] == [line["event"] for line in _lines(stream)]


@pytest.mark.parametrize(("form", "as_json"), [("json", True), ("auto", True), ("console", False)])
def test_lines_are_json_unless_a_terminal_reads_them(stream: io.StringIO, form: str, as_json: bool):
    logs.configure(form, stream)
    structlog.get_logger().info("stopped")

    assert as_json is stream.getvalue().startswith("{")
    assert "stopped" in stream.getvalue()


Start = Callable[..., Running]


def _requests(running: Running) -> list[dict[str, Any]]:
    running.stop()
    lines = [json.loads(line) for line in running.said.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


def test_requests_are_logged_by_their_route_where_asked(start: Start):
    running = start("--log-requests")
    with running.client as client:
        made = client.post("/contacts", json={"email": ADDRESS, "external_id": "alice"})
        contact = made.json()["id"]
        client.get(f"/contacts/{contact}")
        client.get("/contacts/find_by_external_id/alice?secret=yes", headers={"Intercom-Version": "2.13"})
        client.get("/nowhere/alice")
    httpx2.get(f"{running.url}/healthz", timeout=DEADLINE)
    httpx2.get(f"{running.url}/me", headers={"Authorization": "Bearer wrong-token-of-somebody"}, timeout=DEADLINE)
    lines = _requests(running)

    expected = [
        ("POST", "/contacts", 200),
        ("GET", "/contacts/{id}", 200),
        ("GET", "/contacts/find_by_external_id/{external_id}", 200),
        ("GET", "unmatched", 404),
        ("GET", "/healthz", 200),
        ("GET", "unmatched", 401),
    ]
    assert expected == [(line["method"], line["route"], line["status"]) for line in lines]
    assert made.headers["x-request-id"] == lines[0]["request_id"]
    assert lines[0]["ms"] > 0
    for told in (ADDRESS, "alice", "secret", contact, TOKEN, "wrong-token"):
        assert told not in running.said


def test_requests_are_not_logged_unless_asked(start: Start):
    running = start()
    with running.client as client:
        client.get("/me")

    assert [] == _requests(running)
