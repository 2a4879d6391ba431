"""Two servers on one database write to the same contact: each change is decided on the one before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from itertools import pairwise
from random import Random

import asyncpg
import httpx2
import pytest
from tests.cast import TOKEN
from tests.crash.damage import damage
from tests.machine import DEADLINE
from tests.postgres import Cluster, store_on
from tests.running import Running

ROUNDS = 30


@pytest.fixture(scope="module")
def url(cluster: Cluster) -> Iterator[str]:
    with cluster.database() as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[list[Running]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(Running(tmp_path_factory.mktemp(name), "--demo", SAYSO_DATABASE_URL=url))
            for name in ("one", "two")
        ]


@pytest.fixture
async def servers(running: list[Running]) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A client of each."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(httpx2.AsyncClient(base_url=one.url, headers=headers, timeout=DEADLINE))
            for one in running
        ]


async def test_changes_of_one_contact_on_two_servers_are_one_chain(servers: list[httpx2.AsyncClient], url: str):
    made = await servers[0].post("/contacts", json={"external_id": "alice"})
    contact_id, types = made.json()["id"], await type_ids(servers[0])

    told = await asyncio.gather(
        *(choosing(server, contact_id, types, Random(seed)) for seed, server in enumerate(servers * 3))
    )
    listed = [(await one.get(f"/contacts/{contact_id}/subscriptions")).json() for one in servers]
    rows = await entries(url, contact_id)

    assert {status for answers in told for _, status in answers} <= {200, 404}
    assert listed[0] == listed[1]
    assert list(range(1, len(rows) + 1)) == [row["seq"] for row in rows]
    written = [row["request_id"] for row in rows]
    assert len(written) == len(set(written))
    # What was refused is not there, and each server has written.
    for index in range(2):
        done = {request for answers in told[index::2] for request, status in answers if status == 200}
        assert done & set(written)
    assert set(written) <= {request for answers in told for request, status in answers if status == 200}
    for type_id in types:
        states = [row["state"] for row in rows if row["type_id"] == type_id]
        assert all(before != after for before, after in pairwise(states))
    assert [] == await found(url)


async def test_no_server_overwrites_what_another_has_changed(servers: list[httpx2.AsyncClient], url: str):
    """Each writer changes an attribute of its own; all are in one row."""
    contact_id = (await servers[0].post("/contacts", json={"external_id": "carol"})).json()["id"]
    names = [f"writer_{number}" for number in range(6)]
    for name in names:
        attribute = {"name": name, "model": "contact", "data_type": "integer"}
        assert 200 == (await servers[0].post("/data_attributes", json=attribute)).status_code

    async def renaming(server: httpx2.AsyncClient, name: str) -> int:
        """The last value that was acknowledged."""
        last = 0
        for number in range(1, ROUNDS + 1):
            body = {"custom_attributes": {name: number}}
            answer = await server.put(f"/contacts/{contact_id}", json=body)
            assert 200 == answer.status_code, answer.text
            last = number
        return last

    last = await asyncio.gather(*(renaming(one, name) for one, name in zip(servers * 3, names, strict=True)))

    for server in servers:
        kept = (await server.get(f"/contacts/{contact_id}")).json()["custom_attributes"]
        assert dict(zip(names, last, strict=True)) == kept
    assert [] == await found(url)


async def test_an_identifier_that_two_servers_are_asked_for_at_once_is_one_contacts(
    servers: list[httpx2.AsyncClient], url: str
):
    for number in range(ROUNDS):
        body = {"external_id": f"person-{number}", "email": f"person-{number}@example.com"}
        answers = await asyncio.gather(*(one.post("/contacts", json=body) for one in servers * 2))
        statuses = sorted(answer.status_code for answer in answers)
        assert [200, 409, 409, 409] == statuses, [answer.text for answer in answers]
        taken = next(answer.json()["id"] for answer in answers if answer.status_code == 200)
        assert all(taken in answer.text for answer in answers)
    assert [] == await found(url)


async def test_types_made_on_two_servers_at_once_have_ids_of_their_own_and_serve_on_both(
    servers: list[httpx2.AsyncClient], url: str
):
    body = {
        "consent_type": "opt_in",
        "content_types": ["email"],
        "state": "live",
        "default_translation": {"name": "News", "description": "Of all kinds", "locale": "en"},
    }
    made = await asyncio.gather(*(one.post("/sayso/subscription_types", json=body) for one in servers * 2))
    contact_id = (await servers[0].post("/contacts", json={"external_id": "bob"})).json()["id"]
    ids = [answer.json()["id"] for answer in made if answer.status_code == 201]
    attached = [
        await one.post(f"/contacts/{contact_id}/subscriptions", json={"id": type_id})
        for one, type_id in zip(servers * len(ids), ids + ids[::-1], strict=False)
    ]

    assert {201} == {answer.status_code for answer in made}
    assert len(ids) == len(set(ids)) == len(made)
    assert {200} == {answer.status_code for answer in attached}
    assert [] == await found(url)


async def choosing(
    server: httpx2.AsyncClient, contact_id: str, types: list[str], chance: Random
) -> list[tuple[str, int]]:
    """(request id, status) of changes to and fro, one after the other."""
    path, told = f"/contacts/{contact_id}/subscriptions", []
    for _ in range(ROUNDS):
        type_id = chance.choice(types)
        if chance.random() < 0.5:
            answer = await server.post(path, json={"id": type_id})
        else:
            answer = await server.delete(f"{path}/{type_id}")
        told.append((answer.headers["X-Request-Id"], answer.status_code))
    return told


async def type_ids(server: httpx2.AsyncClient) -> list[str]:
    return [
        type_["id"] for type_ in (await server.get("/subscription_types")).json()["data"] if type_["state"] == "live"
    ]


async def entries(url: str, contact_id: str) -> list[asyncpg.Record]:
    sql = await asyncpg.connect(url)
    try:
        return await sql.fetch(
            "SELECT seq, type_id, state, request_id FROM ledger WHERE contact_id = $1 ORDER BY seq",
            bytes.fromhex(contact_id),
        )
    finally:
        await sql.close()


async def found(url: str) -> list[str]:
    """What is wrong with the chains."""
    store = await store_on(url)
    try:
        return [wrong for workspace in await store.workspace.all() for wrong in await damage(store, workspace.id)]
    finally:
        await store.close()
