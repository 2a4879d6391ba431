"""Contacts that are not active any more, and deletions on request."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import ALICE
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told

PREVIEW = {"Intercom-Version": "Preview"}


async def inactive(acme: Acme, **query: str) -> Any:
    answer = await acme.get("/contacts/deleted", params=query, headers=PREVIEW)
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def put_away(acme: Acme) -> dict[str, str]:
    """A contact in each state, by the state, in order of creation."""
    alice = await acme.contact(**ALICE)
    ids = {}
    for state in ("deleted", "merged", "blocked", "archived"):
        acme.clock.pass_(1_000)
        ids[state] = await acme.contact(role="lead", email=f"{state}@example.com", name=state)
    await acme.delete(f"/contacts/{ids['deleted']}")
    await acme.post("/contacts/merge", {"from": ids["merged"], "into": alice})
    await acme.post(f"/contacts/{ids['blocked']}/block")
    await acme.post(f"/contacts/{ids['archived']}/archive")
    return ids


async def test_contacts_that_are_not_active_are_listed_each_with_its_status(acme: Acme):
    ids = await put_away(acme)
    now = acme.clock() // 1000

    listed = await inactive(acme)

    assert [(id_, status, now) for status, id_ in ids.items()] == [
        (one["id"], one["status"], one["updated_at"]) for one in listed["data"]
    ]
    assert ["type", "id", "status", "external_id", "email", "updated_at"] == list(listed["data"][0])
    assert (4, {"type": "pages", "page": 1, "per_page": 10, "total_pages": 1}) == (
        listed["total_count"],
        listed["pages"],
    )


async def test_of_what_is_deleted_or_merged_nothing_personal_is_listed(acme: Acme):
    await put_away(acme)

    known = {one["status"]: (one["email"], one["external_id"]) for one in (await inactive(acme))["data"]}

    assert (None, None) == known["deleted"] == known["merged"]
    assert ["archived@example.com", "blocked@example.com"] == [known[one][0] for one in ("archived", "blocked")]


async def test_pages_of_contacts_that_are_not_active_lead_through_all_of_them_once(acme: Acme):
    ids, seen, query = await put_away(acme), [], {"per_page": "1"}

    for number in range(1, 5):
        page = await inactive(acme, **query)
        seen += [one["id"] for one in page["data"]]
        assert (number, 4, 4) == (page["pages"]["page"], page["pages"]["total_pages"], page["total_count"])
        query["starting_after"] = page["pages"].get("next", {}).get("starting_after", "")

    assert list(ids.values()) == seen
    assert "next" not in page["pages"]


async def test_who_comes_back_is_not_listed_and_what_is_listed_can_be_deleted(acme: Acme):
    first, second = await acme.contact(**ALICE), await acme.contact(email="bob@example.com")
    for contact in (first, second):
        await acme.post(f"/contacts/{contact}/archive")
    await acme.post(f"/contacts/{first}/unarchive")

    (archived,) = (await inactive(acme))["data"]
    await acme.delete(f"/contacts/{archived['id']}")

    assert (second, "bob@example.com") == (archived["id"], archived["email"])
    assert [(second, "deleted")] == [(one["id"], one["status"]) for one in (await inactive(acme))["data"]]


async def test_contacts_that_are_not_active_are_listed_in_preview_alone(acme: Acme):
    refusal = await acme.get("/contacts/deleted", headers={"Intercom-Version": "2.16"})

    assert (400, "intercom_version_invalid", None) == refused(refusal)
    assert 200 == (await acme.get("/contacts/deleted")).status_code


@pytest.mark.parametrize("archived", [False, True])
async def test_a_requested_deletion_is_a_deletion(acme: Acme, archived: bool):
    alice = await acme.contact(**ALICE)
    if archived:
        await acme.post(f"/contacts/{alice}/archive")

    answer = await acme.post("/user_delete_requests", {"intercom_user_id": alice})

    assert (200, {"id": alice}) == (answer.status_code, answer.json())
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{alice}"))
    restored = await acme.post(f"/contacts/{alice}/unarchive")
    assert "User has been marked for permanent deletion and is not restorable." == told(restored)[2]
    assert USER_NOT_FOUND == told(await acme.post("/user_delete_requests", {"intercom_user_id": alice}))


async def test_a_deletion_must_name_a_contact(acme: Acme):
    assert (400, "parameter_not_found", "intercom_user_id") == refused(await acme.post("/user_delete_requests", {}))
