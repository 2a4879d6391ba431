"""Several processes on one database: what one has done holds at the others, and what they do at once comes to one thing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.running import Running
from tests.workers import one_client_each, sayso, within

#: How long a change may take until every process heeds it, in seconds.
HEEDED = 2.0

Serve = Callable[..., Running]


@pytest.fixture
def serve(start: Callable[..., Running], database: str) -> Serve:
    """Start a server on an empty PostgreSQL database."""

    def serve_with(*flags: str, **environment: str) -> Running:
        return start(*flags, SAYSO_DATABASE_URL=database, **environment)

    return serve_with


def holds_everywhere(one: httpx2.Client, other: httpx2.Client, server: Running) -> None:
    """What one process did, or a command, is so at the other."""
    wording = {"name": "News", "description": "", "locale": "en"}
    draft = {"consent_type": "opt_in", "default_translation": wording}
    type_id = one.post("/sayso/subscription_types", json=draft).json()["id"]
    assert type_id in [type_["id"] for type_ in other.get("/subscription_types").json()["data"]]
    contact = other.post("/contacts", json={"role": "lead"}).json()["id"]
    path, body = f"/contacts/{contact}/subscriptions", {"id": type_id}
    assert 404 == other.post(path, json=body).status_code
    assert 200 == one.put(f"/sayso/subscription_types/{type_id}", json={"state": "live"}).status_code
    assert 200 == other.post(path, json=body).status_code
    one.put(f"/sayso/subscription_types/{type_id}", json={"default_translation": {**wording, "name": "Renamed"}})
    renamed = [other.get(f"{surface}/subscription_types/{type_id}").json() for surface in ("", "/sayso")]
    assert ["Renamed"] * 2 == [type_["default_translation"]["name"] for type_ in renamed]
    assert [type_id] == [found["id"] for found in one.get(path).json()["data"]]

    made = sayso(server, "token", "create", "--name", "short-lived")
    bearer = {"Authorization": f"Bearer {made['value']}"}
    assert [200, 200] == [client.get("/me", headers=bearer).status_code for client in (one, other)]
    sayso(server, "token", "revoke", made["id"])
    for client in (one, other):
        assert within(HEEDED, lambda client=client: client.get("/me", headers=bearer).status_code == 401)

    assert 200 == one.put(f"/sayso/subscription_types/{type_id}", json={"state": "archived"}).status_code
    second = other.post("/contacts", json={"role": "lead"}).json()["id"]
    assert 404 == other.post(f"/contacts/{second}/subscriptions", json=body).status_code


def test_what_one_worker_did_holds_at_the_other(serve: Serve):
    server = serve("--demo", "--workers", "2")
    with one_client_each(server) as (one, other):
        holds_everywhere(one, other, server)


def test_what_one_server_did_holds_at_the_other(serve: Serve):
    server, beside = serve(), serve()
    with server.client as one, beside.client as other:
        holds_everywhere(one, other, server)


def at_once(clients: list[httpx2.Client], ask: Callable[[httpx2.Client], httpx2.Response]) -> list[httpx2.Response]:
    with ThreadPoolExecutor(len(clients)) as threads:
        return list(threads.map(ask, clients))


def test_the_same_request_at_two_workers_under_one_key_is_done_once(serve: Serve):
    """Who comes second is told to try again, and is then told what the first was."""
    server = serve("--workers", "2")
    wording = {"name": "News", "description": "", "locale": "en"}
    draft = {"consent_type": "opt_in", "default_translation": wording}

    def make(client: httpx2.Client, key: str) -> httpx2.Response:
        answer = client.post("/sayso/subscription_types", json=draft, headers={"Idempotency-Key": key})
        if answer.status_code == 503:
            assert "retry-after" in answer.headers
            return make(client, key)
        return answer

    with one_client_each(server) as clients:
        for number in range(12):
            answers = at_once(clients, lambda client, key=f"key-{number}": make(client, key))
            assert [201, 201] == [answer.status_code for answer in answers], server.said
            assert answers[0].content == answers[1].content
        assert 12 == len(clients[0].get("/sayso/subscription_types").json()["data"])


def test_an_address_that_two_workers_are_given_at_once_is_one_contact_s(serve: Serve):
    server = serve("--workers", "2")
    with one_client_each(server) as clients:
        for number in range(12):
            contact = {"email": f"p{number}@example.com"}
            answers = at_once(clients, lambda client, contact=contact: client.post("/contacts", json=contact))
            assert [200, 409] == sorted(answer.status_code for answer in answers)
        assert 12 == clients[0].get("/contacts").json()["total_count"]


def test_choices_of_one_contact_made_at_both_workers_at_once_make_one_chain(serve: Serve):
    server = serve("--demo", "--workers", "2")
    with one_client_each(server) as clients:
        path = f"/contacts/{clients[0].post('/contacts', json={'role': 'lead'}).json()['id']}/subscriptions"
        for _ in range(10):
            for type_id in ("1", "2", "3", "4"):
                answers = at_once(clients, lambda client, id_=type_id: client.post(path, json={"id": id_}))
                assert [200, 200] == [answer.status_code for answer in answers]
            assert ["1", "2", "3", "4"] == [found["id"] for found in clients[1].get(path).json()["data"]]
            for type_id in ("1", "2", "3", "4"):
                answers = at_once(clients, lambda client, id_=type_id: client.delete(f"{path}/{id_}"))
                assert [200, 404] == sorted(answer.status_code for answer in answers)
    report = sayso(server, "verify")

    # A lead's forty joins and forty leaves, and the three demo contacts' first joins.
    assert (83, []) == (report["entries"], report["problems"])
