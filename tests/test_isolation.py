"""Isolation: what belongs to Globex answers Acme exactly as what is nowhere."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.cast import ALICE, draft
from tests.conftest import Acme
from tests.intercom.told import without_request_id

from sayso.api.routes import ROUTES as API_ROUTES
from sayso.intercom.routes import ROUTES

NEWEST = {"Intercom-Version": "2.16"}
NOBODY = "65a000000000000000000000"
NO_TYPE = "4711"
WORDING = {"name": "x", "description": "x", "locale": "en"}

#: Routes that name something: {parameter: what it names}, and a body that would do something.
NAMING: dict[tuple[str, str], tuple[dict[str, str], Any]] = {
    ("GET", "/subscription_types/{id}"): ({"id": "type"}, None),
    ("GET", "/contacts/find_by_external_id/{external_id}"): ({"external_id": "external_id"}, None),
    ("GET", "/contacts/{id}"): ({"id": "contact"}, None),
    ("PUT", "/contacts/{id}"): ({"id": "contact"}, {"name": "changed"}),
    ("DELETE", "/contacts/{id}"): ({"id": "contact"}, None),
    ("GET", "/contacts/{contact_id}/subscriptions"): ({"contact_id": "contact"}, None),
    ("POST", "/contacts/{contact_id}/subscriptions"): ({"contact_id": "contact"}, {"id": "1"}),
    ("DELETE", "/contacts/{contact_id}/subscriptions/{subscription_id}"): (
        {"contact_id": "contact", "subscription_id": "type"},
        None,
    ),
    ("GET", "/sayso/subscription_types/{id}"): ({"id": "type"}, None),
    ("PUT", "/sayso/subscription_types/{id}"): ({"id": "type"}, {"state": "archived"}),
    ("PUT", "/sayso/subscription_types/{id}/translations/{locale}"): (
        {"id": "type", "locale": "locale"},
        {"name": "x", "description": "x"},
    ),
}

#: Routes that name nothing: they answer with what is the caller's own.
OWN = {
    ("GET", "/me"),
    ("GET", "/subscription_types"),
    ("GET", "/contacts"),
    ("POST", "/contacts"),
    ("GET", "/sayso/subscription_types"),
    ("POST", "/sayso/subscription_types"),
}
EVERY = {(route.method, route.path) for route in (*ROUTES, *API_ROUTES)}


def test_every_route_has_a_case_here():
    assert EVERY == {*NAMING, *OWN}
    assert all(("{" in path) == ((method, path) in NAMING) for method, path in EVERY)


async def globex(acme: Acme) -> dict[str, str]:
    """Globex' contact and type, whose ids are none of Acme's."""
    workspace = acme.globex.id
    for _ in range(7):
        type_ = await acme.region.types.create(workspace, draft(name="Of Globex"))
    made = await acme.stranger.post("/contacts", json={"email": "grace@example.com", "external_id": "grace"})
    contact = made.json()["id"]
    attached = await acme.stranger.post(f"/contacts/{contact}/subscriptions", json={"id": type_.id})
    assert 200 == attached.status_code
    return {"contact": contact, "type": type_.id, "external_id": "grace", "locale": "de"}


NOWHERE = {"contact": NOBODY, "type": NO_TYPE, "external_id": "nobody", "locale": "de"}


def same(theirs: httpx2.Response, absent: httpx2.Response) -> None:
    assert without_request_id(absent) == without_request_id(theirs)
    for each in (theirs, absent):
        for name in ("x-request-id", "x-ratelimit-remaining", "content-length"):
            each.headers.pop(name, None)
    assert dict(absent.headers) == dict(theirs.headers)


@pytest.mark.parametrize(("method", "path"), NAMING, ids=lambda part: part)
async def test_what_is_another_workspace_s_answers_like_what_is_nowhere(acme: Acme, method: str, path: str):
    theirs = await globex(acme)
    named, body = NAMING[method, path]

    async def ask(client: httpx2.AsyncClient, ids: dict[str, str]) -> httpx2.Response:
        filled = path.format(**{parameter: ids[kind] for parameter, kind in named.items()})
        return await client.request(method, filled, json=body, headers=NEWEST)

    before = await everything(acme)
    foreign, absent = await ask(acme.client, theirs), await ask(acme.client, NOWHERE)

    assert 404 == absent.status_code
    same(foreign, absent)
    assert before == await everything(acme)
    # The same request of the owner's works: it was no mistake in the request that refused it.
    if body == {"id": "1"}:
        body = {"id": theirs["type"]}
    assert (await ask(acme.stranger, theirs)).status_code in (200, 201)


async def test_a_type_of_another_workspace_cannot_be_attached_to_one_s_own_contact(acme: Acme):
    theirs, alice = await globex(acme), await acme.contact(**ALICE)

    foreign = await acme.post(f"/contacts/{alice}/subscriptions", {"id": theirs["type"]})
    absent = await acme.post(f"/contacts/{alice}/subscriptions", {"id": NO_TYPE})

    assert 404 == absent.status_code
    same(foreign, absent)
    for type_id in (theirs["type"], NO_TYPE):
        assert 404 == (await acme.delete(f"/contacts/{alice}/subscriptions/{type_id}")).status_code


async def test_lists_hold_the_caller_s_own_alone(acme: Acme):
    await globex(acme)
    alice = await acme.contact(**ALICE)

    assert [alice] == [contact["id"] for contact in (await acme.get("/contacts")).json()["data"]]
    for path in ("/subscription_types", "/sayso/subscription_types"):
        answer = await acme.get(path)
        assert 5 == len(answer.json()["data"])
        assert "Globex" not in answer.text
    assert "Acme" == (await acme.get("/me")).json()["app"]["name"]
    assert "Globex" == (await acme.stranger.get("/me")).json()["app"]["name"]


async def test_a_cursor_of_another_workspace_shows_none_of_its_contacts(acme: Acme):
    for number in range(3):
        await acme.stranger.post("/contacts", json={"email": f"{number}@example.com"})
    page = (await acme.stranger.get("/contacts", params={"per_page": 1})).json()

    answer = await acme.get("/contacts", params={"starting_after": page["pages"]["next"]["starting_after"]})

    assert [] == answer.json()["data"]


async def everything(acme: Acme) -> list[object]:
    """What both workspaces hold."""
    store, held = acme.region.store, []
    for workspace in (acme.workspace.id, acme.globex.id):
        heads = await store.ledger.heads(workspace, "", 100)
        held += [await store.contact.find(workspace, head.contact_id) for head in heads]
        held += [await store.ledger.stored(workspace, "", None), await store.subscription_type.all(workspace)]
    return held
