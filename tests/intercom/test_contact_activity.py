"""Activities of contacts: what connectors follow to learn who came, was merged and went."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import ALICE, NOON
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import refused

from sayso.service.activity import DELAY
from sayso.service.ports_activity import Stretch

PREVIEW = {"Intercom-Version": "Preview"}

SECOND = NOON // 1000


async def activities(acme: Acme, **query: Any) -> Any:
    """A page once what happened is old enough to be listed."""
    acme.clock.pass_(DELAY + 1)
    answer = await acme.get("/contacts/activities", params=query, headers=PREVIEW)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def without_ids(page: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key not in ("type", "id")} for one in page["data"]]


async def test_contacts_that_come_change_their_role_and_go_are_listed_oldest_first(acme: Acme):
    lead = await acme.contact(role="lead")
    acme.clock.pass_(1_000)
    await acme.put(f"/contacts/{lead}", {"role": "user", "external_id": "ada"})
    acme.clock.pass_(1_000)
    alice = await acme.contact(**ALICE)

    before = await activities(acme)
    await acme.put(f"/contacts/{lead}", {"name": "Ada"})
    await acme.post(f"/contacts/{lead}/archive")
    await acme.delete(f"/contacts/{alice}")
    after = await activities(acme)

    first = {"event_type": "contact.created", "contact_id": lead, "external_id": "ada", "role": "lead"}
    second = {"event_type": "contact.role_updated", "contact_id": lead, "external_id": "ada", "role": "user"}
    third = {"event_type": "contact.created", "contact_id": alice, "external_id": "alice", "role": "user"}
    assert [one | {"created_at": SECOND + at} for at, one in enumerate((first, second, third))] == without_ids(before)
    assert {"type": "pages", "per_page": 50, "next": None} == before["pages"]
    # Of who is archived or deleted no identifier is told any more.
    gone = {"event_type": "contact.deleted", "contact_id": alice, "role": "user", "created_at": SECOND + 12}
    assert [gone] == without_ids(after)[3:]
    assert [None] * 4 == [one.get("external_id") for one in after["data"]]


async def test_a_merge_names_both_contacts_and_tells_of_the_survivor(acme: Acme):
    alice, lead = await acme.contact(**ALICE), await acme.contact(role="lead", email=ALICE["email"])
    await acme.post("/contacts/merge", {"from": lead, "into": alice})
    merged = {"event_type": "contact.merged", "contact_id": alice, "created_at": SECOND}
    both = {"role": "user", "merge_source_id": lead, "merge_target_id": alice}

    assert [merged | both | {"external_id": "alice"}] == without_ids(await activities(acme))[2:]

    await acme.delete(f"/contacts/{alice}")
    assert [merged | both] == without_ids(await activities(acme))[2:3]


async def test_pages_lead_through_all_activities_once_and_an_activity_leads_on_from_itself(acme: Acme):
    ids = [await acme.contact(role="lead") for _ in range(5)]
    seen, query = [], {"per_page": 2}

    for _ in range(3):
        page = await activities(acme, **query)
        seen += page["data"]
        query["starting_after"] = (page["pages"]["next"] or {}).get("starting_after")

    assert (ids, None) == ([one["contact_id"] for one in seen], page["pages"]["next"])
    later = await acme.contact(role="lead")
    page = await activities(acme, starting_after=seen[-1]["id"])
    assert [later] == [one["contact_id"] for one in page["data"]]


async def test_an_activity_is_listed_once_no_earlier_one_can_still_appear(acme: Acme):
    alice = await acme.contact(**ALICE)
    acme.clock.pass_(DELAY)
    assert [] == (await acme.get("/contacts/activities", headers=PREVIEW)).json()["data"]

    assert [alice] == [one["contact_id"] for one in (await activities(acme))["data"]]


async def test_a_page_without_activities_leads_on_without_naming_another_workspace_s_act(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
):
    mine, read = await acme.contact(**ALICE), acme.region.store.activity.read
    act = (await activities(acme))["data"][0]["id"]
    theirs = act[:15] + "fa" + act[17:]

    async def stopped(workspace_id: str, after: str, before: str, limit: int) -> Stretch:
        found = await read(workspace_id, after, before, limit)
        return found if after else Stretch([], theirs)

    monkeypatch.setattr(acme.region.store.activity, "read", stopped)
    page = await activities(acme)

    assert ([], {"starting_after": theirs[:16]}) == (page["data"], page["pages"]["next"])
    assert mine


async def test_another_workspace_s_activities_are_not_listed(acme: Acme):
    await acme.stranger.post("/contacts", json={"role": "lead"})
    theirs = await activities(acme)
    mine = await acme.contact(role="lead")

    assert [] == theirs["data"]
    assert [mine] == [one["contact_id"] for one in (await activities(acme))["data"]]


@pytest.mark.parametrize("cursor", ["x", "019A447A54007000", "019a447a5400700", "0" * 33, "0" * 48])
async def test_a_cursor_that_no_page_gave_is_refused(acme: Acme, cursor: str):
    answer = await acme.get("/contacts/activities", params={"starting_after": cursor}, headers=PREVIEW)

    assert (400, "starting_after") == (answer.status_code, refused(answer)[2])


async def test_activities_are_listed_in_preview_alone(acme: Acme):
    refusal = await acme.get("/contacts/activities", headers={"Intercom-Version": "2.16"})

    assert (400, "intercom_version_invalid", None) == refused(refusal)
    assert 200 == (await acme.get("/contacts/activities")).status_code
