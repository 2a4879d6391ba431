"""SIGTERM: what was accepted is answered, then the server ends with 0, and the next one starts."""

from __future__ import annotations

import json
import signal
import threading
from contextlib import suppress

import httpx2
import pytest
from tests.http.wire import request, to
from tests.machine import DEADLINE

from sayso import server as composition
from sayso.api.operations import Operations
from sayso.http.tally import Tally
from sayso.settings import Settings


def test_a_request_whose_body_is_still_coming_is_answered(start):
    server = start("--demo")
    body = json.dumps({"email": "slow@example.com"}).encode()
    with to(server) as wire, to(server) as idle:
        assert 200 == wire.send(request(server, "GET /me")).answer().status
        assert 200 == idle.send(request(server, "GET /me")).answer().status
        wire.send(request(server, "POST /contacts", f"Content-Length: {len(body)}") + body[:5])
        # Answered by now: the server has read what came before it on the other connection.
        assert 200 == idle.send(request(server, "GET /me")).answer().status

        server.process.send_signal(signal.SIGTERM)
        assert idle.answer() is None
        answer = wire.send(body[5:]).answer()

        assert (200, "close") == (answer.status, answer.headers["connection"])
        assert wire.answer() is None
    assert 0 == server.process.wait(DEADLINE)


def test_of_many_writers_every_one_that_was_accepted_is_answered_and_the_next_server_has_it(start, tmp_path):
    server = start()
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(number: int) -> None:
        with server.client as client, suppress(httpx2.TransportError):
            for turn in range(10_000):
                answer = client.post("/contacts", json={"external_id": f"{number}-{turn}"})
                assert 200 == answer.status_code
                acknowledged.append(answer.json()["id"])
                if len(acknowledged) >= 100:
                    enough.set()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    assert enough.wait(DEADLINE)
    assert 0 == server.stop()
    for writer in writers:
        writer.join(DEADLINE)

    with start(folder=tmp_path).client as client:
        body = client.get("/contacts", params={"per_page": 150}).json()
        kept = [contact["id"] for contact in body["data"]]
        while "next" in body["pages"]:
            after = body["pages"]["next"]["starting_after"]
            body = client.get("/contacts", params={"per_page": 150, "starting_after": after}).json()
            kept += [contact["id"] for contact in body["data"]]
    assert sorted(acknowledged) == sorted(kept)


def test_a_server_that_is_asked_twice_still_ends(start):
    server = start()

    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGINT)

    assert 0 == server.process.wait(DEADLINE)
    assert "Traceback" not in server.said


def test_no_new_connection_is_taken_by_a_server_that_is_stopping(start):
    server = start()
    with to(server) as wire:
        wire.send(request(server, "POST /contacts", "Content-Length: 2") + b"{")
        assert 200 == httpx2.get(f"{server.url}/healthz", timeout=DEADLINE).status_code
        server.process.send_signal(signal.SIGTERM)
        refused = False
        for _ in range(10_000):
            try:
                httpx2.get(f"{server.url}/healthz", timeout=DEADLINE)
            except httpx2.TransportError:
                refused = True
                break
        assert refused
        assert 400 == wire.send(b"}").answer().status
    assert 0 == server.process.wait(DEADLINE)


async def test_readiness_is_red_from_the_moment_of_being_asked(acme):
    settings = Settings()
    operations = Operations(acme.regions, Tally(), False, composition.described(acme.regions))
    app = composition.surfaces(acme.regions, acme.windows, Tally(), acme.clock, composition.RandomIds(), operations)
    sayso = composition.Sayso(settings, acme.regions, app, operations)
    server = composition._Server(composition.configured(settings, app), sayso)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://sayso.test")
    assert 200 == (await client.get("/readyz")).status_code

    server._stop(signal.SIGTERM)

    answer = await client.get("/readyz")
    assert (503, ["the server is stopping"]) == (answer.status_code, answer.json()["reasons"])
    assert 200 == (await client.get("/healthz")).status_code
    assert server.should_exit
    await client.aclose()


@pytest.mark.parametrize(("drain", "most"), [(30, 29.5), (0, 0.5)])
async def test_writes_wait_for_the_database_no_longer_than_the_drain_lasts(acme, monkeypatch, drain, most):
    told: list[float] = []
    monkeypatch.setattr(acme.regions.default.store, "limit_waits", told.append)
    settings = Settings(drain_seconds=drain)
    operations = Operations(acme.regions, Tally(), False, composition.described(acme.regions))
    app = composition.surfaces(acme.regions, acme.windows, Tally(), acme.clock, composition.RandomIds(), operations)
    config = composition.configured(settings, app)
    config.load()
    server = composition._Server(config, composition.Sayso(settings, acme.regions, app, operations))
    server.lifespan = config.lifespan_class(config)
    await server.startup([])

    await server.shutdown()

    assert [most] == told
