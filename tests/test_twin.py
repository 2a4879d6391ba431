"""An ephemeral server: put back, its clock, and answers that fail as asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import time
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from tests.cast import ALICE, NOON, TOKEN
from tests.conformance import descriptions
from tests.conftest import Acme

from sayso import twin
from sayso.api.routes import TWIN_ROUTES
from sayso.domain.access import Scope
from sayso.server import Sayso
from sayso.service.first_start import begin
from sayso.service.region import Regions
from sayso.settings import Secret, Settings

TYPE = {
    "consent_type": "opt_in",
    "content_types": ["email"],
    "default_translation": {"name": "Newsletter", "description": "", "locale": "en"},
}

#: Six requests in a window.
RATE_LIMIT = 36


@pytest.fixture
async def sayso() -> AsyncIterator[Sayso]:
    settings = Settings(ephemeral=True, bootstrap_token=Secret(TOKEN))

    async def begun(regions: Regions) -> None:
        await begin(regions.default, settings.bootstrap_token, with_demo=True)

    async with twin.composed(settings) as composed:
        await twin.remembered(begun)(composed.regions)
        yield composed


@pytest.fixture
async def client(sayso: Sayso) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(sayso) as client:
        yield client


def _client(sayso: Sayso, token: str = TOKEN) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(sayso.app, client=("127.0.0.1", 1)),
        base_url="http://sayso.test",
        headers={"Authorization": f"Bearer {token}"},
        event_hooks={"response": [descriptions.watch_async]},
    )


async def _fail(client: httpx2.AsyncClient, fault: str, **fields: Any) -> None:
    answer = await client.post("/sayso/test/faults", json={"fault": fault, **fields})
    assert 200 == answer.status_code, answer.text


async def _status(client: httpx2.AsyncClient, method: str, path: str) -> int:
    return (await client.request(method, path)).status_code


async def _emails(client: httpx2.AsyncClient) -> list[str]:
    return [contact["email"] for contact in (await client.get("/contacts")).json()["data"]]


# Without --ephemeral.


async def test_another_server_has_nothing_of_it(acme: Acme):
    for route in TWIN_ROUTES:
        answer = await acme.client.request(route.method, route.path)
        assert (404, "not_found") == (answer.status_code, answer.json()["code"])
    assert "/sayso/test/" not in (await acme.get("/openapi.json")).text


# Faults.


@pytest.mark.parametrize(
    ("fault", "code", "problem", "header"),
    [
        ("429", "rate_limit_exceeded", "rate_limited", "x-ratelimit-reset"),
        ("500", "server_error", "server_error", "x-request-id"),
        ("503", "service_unavailable", "unavailable", "retry-after"),
    ],
)
async def test_a_fault_is_told_as_its_surface_tells_it_and_only_as_often_as_asked(
    client: httpx2.AsyncClient, fault: str, code: str, problem: str, header: str
):
    await client.get("/me")
    await _fail(client, fault, times=3)

    for _ in range(2):
        answer = await client.get("/me", headers={"Intercom-Version": "2.7"})
        told = answer.json()
        assert (int(fault), "error.list", code) == (answer.status_code, told["type"], told["errors"][0]["code"])
        assert answer.headers["x-request-id"] == told["request_id"]
        assert header in answer.headers
        assert "2.7" == answer.headers["intercom-version"]
    answer = await client.get("/sayso/subscription_types")
    assert (int(fault), problem) == (answer.status_code, answer.json()["code"])
    assert "application/problem+json" == answer.headers["content-type"]

    assert 200 == await _status(client, "GET", "/me")


async def test_who_is_told_to_wait_by_a_fault_waits_a_second_at_most_whatever_the_clock_says(
    client: httpx2.AsyncClient,
):
    await client.put("/sayso/test/clock", json={"now": 0})
    before = time()
    honest = await client.get("/me")
    await _fail(client, "429")
    refused = await client.get("/me")
    after = time()

    assert "0" == refused.headers["x-ratelimit-remaining"]
    assert before < int(refused.headers["x-ratelimit-reset"]) <= after + 1
    assert before < int(honest.headers["x-ratelimit-reset"]) <= after + 10


async def test_a_fault_waits_for_the_method_and_the_route_that_it_is_meant_for(client: httpx2.AsyncClient):
    contact = (await client.post("/contacts", json=ALICE)).json()["id"]
    await _fail(client, "500", method="get", route="/contacts/{contact_id}")
    await _fail(client, "503", route=f"/contacts/{contact}/subscriptions")

    met = [
        await _status(client, "GET", path)
        for path in (
            "/contacts",
            "/nowhere",
            f"/contacts/{contact}",
            f"/contacts/{contact}",
            f"/contacts/{'0' * 24}/subscriptions",
            f"/contacts//{contact}/subscriptions/",
            f"/contacts/{contact}/subscriptions",
        )
    ]

    assert [200, 404, 500, 200, 404, 503, 200] == met


async def test_what_was_served_is_done_though_its_answer_is_lost(client: httpx2.AsyncClient):
    await _fail(client, "500", served=True)
    assert 500 == (await client.post("/contacts", json=ALICE)).status_code
    await _fail(client, "500")
    assert 500 == (await client.post("/contacts", json={"email": "bob@example.com"})).status_code

    emails = await _emails(client)
    assert ALICE["email"] in emails
    assert "bob@example.com" not in emails


async def test_paths_of_operators_and_of_the_twin_itself_never_fail(client: httpx2.AsyncClient):
    await _fail(client, "500", times=100)

    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/sayso/test/clock"):
        assert 200 == await _status(client, "GET", path), path
    listed = (await client.get("/sayso/test/faults")).json()["data"]
    assert [{"fault": "500", "times": 100, "method": None, "route": None, "seconds": 0, "served": False}] == listed


async def test_faults_are_forgotten_when_asked(client: httpx2.AsyncClient):
    await _fail(client, "cut", times=100)
    assert [] == (await client.delete("/sayso/test/faults")).json()["data"]

    assert 200 == await _status(client, "GET", "/me")


@pytest.mark.parametrize(
    ("body", "blamed"),
    [
        ({}, "fault"),
        ({"fault": "418"}, "fault"),
        ({"fault": "cut", "times": 0}, "times"),
        ({"fault": "cut", "seconds": 1}, "seconds"),
        ({"fault": "slow", "seconds": 0}, "seconds"),
        ({"fault": "cut", "method": "BREW"}, "method"),
        ({"fault": "cut", "route": "/contactz"}, "route"),
        ({"fault": "cut", "route": ""}, "route"),
        ({"fault": "cut", "route": "/contacts/{id}", "method": "PATCH"}, "route"),
        ({"fault": "cut", "route": "/healthz"}, "route"),
        ({"fault": "cut", "route": "/sayso/test/reset"}, "route"),
    ],
)
async def test_a_fault_that_nothing_can_meet_is_refused_at_once(
    client: httpx2.AsyncClient, body: dict[str, Any], blamed: str
):
    answer = await client.post("/sayso/test/faults", json=body)

    assert (400, blamed) == (answer.status_code, answer.json()["errors"][0]["field"])
    assert [] == (await client.get("/sayso/test/faults")).json()["data"]


# The clock.


async def test_what_is_made_bears_the_time_that_was_set(client: httpx2.AsyncClient):
    set_ = await client.put("/sayso/test/clock", json={"now": NOON / 1000})
    made = (await client.post("/contacts", json=ALICE)).json()
    advanced = await client.post("/sayso/test/clock/advance", json={"seconds": 90})
    changed = (await client.put(f"/contacts/{made['id']}", json={"name": "Alicia"})).json()
    released = (await client.post("/sayso/test/clock/release")).json()

    assert {"now": NOON / 1000, "frozen": True} == set_.json()
    assert {"now": NOON / 1000 + 90, "frozen": True} == advanced.json()
    assert (NOON // 1000, NOON // 1000 + 90) == (changed["created_at"], changed["updated_at"])
    assert released["now"] > NOON / 1000 + 90
    assert not released["frozen"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/sayso/test/clock", {"now": -1}),
        ("PUT", "/sayso/test/clock", {"now": 2**33}),
        ("PUT", "/sayso/test/clock", {"now": "noon"}),
        ("PUT", "/sayso/test/clock", {}),
        ("POST", "/sayso/test/clock/advance", {"seconds": -1}),
        ("POST", "/sayso/test/clock/advance", {"seconds": 1e300}),
    ],
)
async def test_a_time_that_is_none_is_refused(client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any]):
    answer = await client.request(method, path, json=body)

    assert (400, next(iter(body), "now")) == (answer.status_code, answer.json()["errors"][0]["field"])
    assert not (await client.get("/sayso/test/clock")).json()["frozen"]


# Begun again.


async def test_a_reset_leaves_what_there_was_at_the_beginning(client: httpx2.AsyncClient):
    before = await _emails(client), (await client.get("/subscription_types")).json(), (await client.get("/me")).json()
    made = [(await client.post("/sayso/subscription_types", json=TYPE)).json()["id"]]
    contact = (await client.post("/contacts", json=ALICE)).json()["id"]
    await client.post(f"/contacts/{contact}/subscriptions", json={"id": "1"})
    await client.put("/sayso/test/clock", json={"now": 1})
    await _fail(client, "503", times=9)

    state = (await client.post("/sayso/test/reset")).json()

    assert ([], False) == (state["faults"], state["clock"]["frozen"])
    after = await _emails(client), (await client.get("/subscription_types")).json(), (await client.get("/me")).json()
    assert before == after
    assert 404 == await _status(client, "GET", f"/contacts/{contact}")
    again = await client.post("/contacts", json=ALICE)
    assert (200, True) == (again.status_code, again.json()["id"] != contact)
    made.append((await client.post("/sayso/subscription_types", json=TYPE)).json()["id"])
    assert made[0] == made[1]


async def test_a_reset_can_be_had_again_and_again(client: httpx2.AsyncClient):
    for _ in range(3):
        assert 200 == (await client.post("/contacts", json=ALICE)).status_code
        assert 200 == await _status(client, "POST", "/sayso/test/reset")


async def test_a_reset_gives_back_what_the_rate_limit_took_and_is_not_kept_away_by_it():
    async with twin.composed(Settings(ephemeral=True, rate_limit=RATE_LIMIT)) as composed:
        await begin(composed.regions.default, TOKEN, with_demo=False)
        for region in composed.regions.by_name.values():
            region.store.remember()
        async with _client(composed) as client:
            taken = [await _status(client, "GET", "/me") for _ in range(40)]
            assert 429 in taken

            assert 200 == await _status(client, "POST", "/sayso/test/reset")
            assert 200 == await _status(client, "GET", "/me")


async def test_there_is_an_end_to_what_memory_takes_until_a_reset(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(twin, "MOST_CHANGES", 2)
    async with twin.composed(Settings(ephemeral=True)) as composed:
        await begin(composed.regions.default, TOKEN, with_demo=False)
        composed.regions.default.store.remember()
        async with _client(composed) as client:
            for _ in range(2):
                made = [await client.post("/contacts", json={"email": f"{number}@example.com"}) for number in range(3)]
                assert [200, 200, 503] == [answer.status_code for answer in made]
                assert "2 changes at most: reset it" in made[-1].json()["errors"][0]["message"]
                assert 2 == (await client.get("/contacts")).json()["total_count"]
                await client.post("/sayso/test/reset")


async def test_only_a_token_with_every_scope_may_ask_for_any_of_it(sayso: Sayso):
    region = sayso.regions.default
    [workspace] = await region.workspaces.all()
    _, reader = await region.access.create(workspace.id, "reader", {Scope.READ, Scope.WRITE}, "us")

    for token, status in (("", 401), ("nobody's-token", 401), (reader, 403)):
        async with _client(sayso, token) as client:
            for route in TWIN_ROUTES:
                assert status == await _status(client, route.method, route.path), route
            assert 404 == await _status(client, "GET", "/sayso/test/nothing")


async def test_a_token_of_later_is_gone_after_a_reset(sayso: Sayso, client: httpx2.AsyncClient):
    region = sayso.regions.default
    [workspace] = await region.workspaces.all()
    _, later = await region.access.create(workspace.id, "later", Scope, "us")
    async with _client(sayso, later) as another:
        assert 200 == await _status(another, "GET", "/me")
        await client.post("/sayso/test/reset")
        assert 401 == await _status(another, "GET", "/me")


# Its description.


async def test_its_routes_are_described_and_do_what_the_examples_say(client: httpx2.AsyncClient):
    document = (await client.get("/openapi.json")).json()
    described = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/sayso/test/")
    }

    assert {(route.method, route.path) for route in TWIN_ROUTES} == set(described)
    for (method, path), operation in described.items():
        asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        answer = await client.request(method, path, json=asked)
        media = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        schema = media["schema"] | {"components": document["components"]}
        validator = jsonschema_rs.validator_for(schema)
        for told in (answer.json(), media["example"]):
            validator.validate(told)
        assert "admin" == operation["x-scope"]
    assert 200 == await _status(client, "GET", "/docs")
