"""Archive, unarchive, block: not found meanwhile, and what a contact is known by stays taken."""

from __future__ import annotations

import pytest
from tests.cast import ALICE
from tests.conftest import Acme

GONE = (404, "not_found", "User Not Found")


def told(answer) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["message"]


@pytest.mark.parametrize("version", ["2.9", "2.11", "2.16", "Preview"])
async def test_an_archived_contact_is_not_found_and_comes_back_with_all_it_had(acme: Acme, version: str):
    client = acme.client_with("acme-token-with-every-scope", **{"Intercom-Version": version})
    alice = await acme.contact(**ALICE)
    await acme.post(f"/contacts/{alice}/subscriptions", {"id": acme.types["opt_in"]})
    before = (await client.get(f"/contacts/{alice}")).json()
    acme.clock.pass_(5_000)

    away = await client.post(f"/contacts/{alice}/archive")
    as_told = (
        {"id": alice, "object": "contact"}
        if version == "2.9"
        else {"id": alice, "external_id": "alice", "type": "contact"}
    )
    assert (200, as_told | {"archived": True}) == (away.status_code, away.json())
    assert GONE == told(await client.get(f"/contacts/{alice}"))
    assert GONE == told(await client.put(f"/contacts/{alice}", json={"name": "x"}))
    assert GONE == told(await client.get(f"/contacts/{alice}/subscriptions"))
    assert GONE == told(await client.post(f"/contacts/{alice}/subscriptions", json={"id": acme.types["opt_in"]}))
    assert GONE == told(await client.post(f"/contacts/{alice}/archive", json={}))
    assert 0 == (await client.get("/contacts")).json()["total_count"]
    for twin in ({"email": "ALICE@example.com"}, {"external_id": "alice"}):
        message = f"An archived contact matching those details already exists with id={alice}"
        assert (409, "conflict", message) == told(await client.post("/contacts", json=twin))

    back = await client.post(f"/contacts/{alice}/unarchive", json=[])
    assert (200, as_told | {"archived": False}) == (back.status_code, back.json())
    after = (await client.get(f"/contacts/{alice}")).json()
    assert after["updated_at"] == before["updated_at"] + 5
    assert after == before | {"updated_at": after["updated_at"]}
    again = await client.post(f"/contacts/{alice}/unarchive")
    assert (200, after) == (again.status_code, (await client.get(f"/contacts/{alice}")).json())


async def test_the_email_of_an_archived_lead_is_free(acme: Acme):
    lead = await acme.contact(role="lead", email="lead@example.com")
    await acme.post(f"/contacts/{lead}/archive")

    await acme.contact(email="lead@example.com")
    assert 200 == (await acme.post(f"/contacts/{lead}/unarchive")).status_code


async def test_what_is_deleted_or_blocked_never_comes_back(acme: Acme):
    alice, bob = await acme.contact(**ALICE), await acme.contact(email="bob@example.com")
    await acme.delete(f"/contacts/{alice}")
    newest = {"Intercom-Version": "2.13"}
    blocked = await acme.post(f"/contacts/{bob}/block", headers=newest)

    assert {"id": bob, "external_id": None, "type": "contact", "blocked": True} == blocked.json()
    assert GONE == told(await acme.get(f"/contacts/{bob}"))
    assert 409 == (await acme.post("/contacts", {"email": "bob@example.com"})).status_code
    deleted = "User has been marked for permanent deletion and is not restorable."
    assert (400, "bad_request", deleted) == told(await acme.post(f"/contacts/{alice}/unarchive"))
    refused = told(await acme.post(f"/contacts/{bob}/unarchive"))
    assert (400, "not_restorable", "User has been blocked and is not restorable.") == refused
    assert (400, "intercom_version_invalid") == told(
        await acme.post(f"/contacts/{bob}/block", headers={"Intercom-Version": "2.12"})
    )[:2]


@pytest.mark.parametrize("version", ["2.7", "2.11", "2.16", "Preview"])
async def test_an_archived_contact_is_deleted_directly(acme: Acme, version: str):
    client = acme.client_with("acme-token-with-every-scope", **{"Intercom-Version": version})
    alice, bob = await acme.contact(**ALICE), await acme.contact(external_id="bob", email="bob@example.com")
    await client.post(f"/contacts/{alice}/archive", json={})
    deleted, live = await client.delete(f"/contacts/{alice}"), await client.delete(f"/contacts/{bob}")

    assert (200, 200) == (deleted.status_code, live.status_code)
    told_of = {"id": alice, "external_id": "alice"} if "external_id" in live.json() else {"id": alice}
    assert live.json() | told_of == deleted.json()
    assert GONE == told(await client.delete(f"/contacts/{alice}"))
    assert (400, "bad_request") == told(await client.post(f"/contacts/{alice}/unarchive"))[:2]
    assert 0 == (await client.get("/contacts")).json()["total_count"]


async def test_a_blocked_contact_is_not_deleted(acme: Acme):
    bob = await acme.contact(email="bob@example.com")
    await acme.post(f"/contacts/{bob}/block")

    assert GONE == told(await acme.delete(f"/contacts/{bob}"))
