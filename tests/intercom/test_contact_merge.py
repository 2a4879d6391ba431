"""Merging a lead into a user, and where a request for the lead leads from then on."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import ALICE, TOKEN
from tests.conftest import Acme

from sayso.service.verify import verify

GONE = (404, "not_found", "User Not Found")
MERGED = (410, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact.")
NO_DUPLICATES = (
    "Contacts can only be merged when they are duplicates (matching email or phone). "
    "Pass skip_duplicate_validation=true to override this check."
)


def told(answer) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["message"]


async def chosen(acme: Acme, contact: str) -> list[str]:
    return sorted(one["id"] for one in (await acme.get(f"/contacts/{contact}/subscriptions")).json()["data"])


async def test_the_user_has_what_was_the_lead_s_and_a_withdrawal_outlives_a_grant(acme: Acme):
    alice = await acme.contact(**ALICE)
    lead = await acme.contact(role="lead", phone="+15555550100", unsubscribed_from_emails=True)
    opt_in, opt_out, sms = (acme.types[word] for word in ("opt_in", "opt_out", "sms"))
    for who, types in ((alice, (opt_in,)), (lead, (opt_in, opt_out, sms))):
        for one in types:
            await acme.post(f"/contacts/{who}/subscriptions", {"id": one})
    await acme.delete(f"/contacts/{lead}/subscriptions/{opt_in}")
    assert [opt_in] == await chosen(acme, alice)

    answer = await acme.post("/contacts/merge", {"from": lead, "into": alice})

    assert 200 == answer.status_code
    assert (await acme.get(f"/contacts/{alice}")).json() == answer.json()
    shown = answer.json()
    assert (alice, "+15555550100", "Alice", True) == tuple(
        shown[name] for name in ("id", "phone", "name", "unsubscribed_from_emails")
    )
    assert sorted([opt_out, sms]) == await chosen(acme, alice)
    assert 1 == (await acme.get("/contacts")).json()["total_count"]
    assert [] == (await verify(acme.region.store)).problems


@pytest.mark.parametrize(("version", "as_told"), [("2.7", GONE), ("2.15", GONE), ("2.16", MERGED), ("Preview", MERGED)])
async def test_a_merged_lead_is_gone_and_newer_versions_say_where_to(acme: Acme, version: str, as_told):
    alice, lead = await acme.contact(**ALICE), await acme.contact(role="lead", email=ALICE["email"])
    client = acme.client_with(TOKEN, **{"Intercom-Version": version})
    assert 200 == (await client.post("/contacts/merge", json={"from": lead, "into": alice})).status_code

    paths = [f"/contacts/{lead}", f"/contacts/{lead}/subscriptions"]
    answers = [*[await client.get(path) for path in paths], await client.put(paths[0], json={"name": "x"})]
    answers += [await client.delete(paths[0]), await client.post(f"{paths[0]}/unarchive")]
    answers.append(await client.post(paths[1], json={"id": acme.types["opt_in"]}))
    for answer in answers:
        assert as_told == told(answer), answer.request
        link = f'</contacts/{alice}>; rel="canonical"' if as_told is MERGED else None
        assert link == answer.headers.get("link")

    await acme.delete(f"/contacts/{alice}")
    assert GONE == told(await client.get(paths[0]))
    assert [] == (await verify(acme.region.store)).problems


async def test_what_cannot_be_merged_is_refused_and_nothing_is_written(acme: Acme):
    alice, bob = await acme.contact(**ALICE), await acme.contact(email="bob@example.com")
    lead = await acme.contact(role="lead", email="lead@example.com")
    away = await acme.contact(role="lead", email=ALICE["email"])
    await acme.post(f"/contacts/{away}/archive")
    newest = {"Intercom-Version": "2.16"}
    refused = [
        ({"from": lead, "into": alice}, (400, "invalid_merge")),
        ({"from": bob, "into": alice}, (400, "parameter_invalid")),
        ({"from": lead, "into": lead}, (400, "parameter_invalid")),
        ({"from": away, "into": alice}, (404, "not_found")),
        ({"from": "nobody\0", "into": alice}, (404, "not_found")),
        ({"from": lead, "into": "7" * 24}, (404, "not_found")),
        ({"into": alice}, (400, "parameter_not_found")),
        ({"from": lead}, (400, "parameter_not_found")),
        ({"from": [lead], "into": alice}, (400, "parameter_invalid")),
        ({}, (400, "parameter_not_found")),
    ]
    before = [(await acme.get(f"/contacts/{who}")).json() for who in (alice, bob, lead)]

    for body, (status, code) in refused:
        answer = await acme.post("/contacts/merge", body, headers=newest)
        assert (status, code) == told(answer)[:2], body
    assert NO_DUPLICATES == told(await acme.post("/contacts/merge", refused[0][0], headers=newest))[2]

    assert before == [(await acme.get(f"/contacts/{who}")).json() for who in (alice, bob, lead)]
    skipping = {**refused[0][0], "skip_duplicate_validation": True}
    assert 200 == (await acme.post("/contacts/merge", skipping, headers=newest)).status_code


async def test_preview_merges_users_and_what_the_survivor_does_not_take_is_free(acme: Acme):
    preview = {"Intercom-Version": "Preview"}
    alice = await acme.contact(**ALICE, phone="+15555550100")
    twin = await acme.contact(email="twin@example.com", external_id="twin", phone="+1 555 555 0100")
    opt_out = acme.types["opt_out"]
    await acme.post(f"/contacts/{twin}/subscriptions", {"id": opt_out})
    body = {"from": twin, "into": alice}
    assert (400, "parameter_invalid") == told(await acme.post("/contacts/merge", body))[:2]

    answer = await acme.post("/contacts/merge", body, headers=preview)

    assert (200, alice, ALICE["email"]) == (answer.status_code, answer.json()["id"], answer.json()["email"])
    assert [opt_out] == await chosen(acme, alice)
    assert MERGED == told(await acme.get(f"/contacts/{twin}", headers=preview))
    history = (await acme.get(f"/contacts/{alice}/merge_history", headers=preview)).json()["data"]
    assert [(twin, "user")] == [(one["source_contact_id"], one["source_contact_role"]) for one in history]
    again = await acme.contact(email="twin@example.com", external_id="twin")
    assert again == (await acme.get("/contacts/find_by_external_id/twin")).json()["id"]
    assert [] == (await verify(acme.region.store)).problems
    backwards = await acme.post("/contacts/merge", {"from": again, "into": alice}, headers=preview)
    assert (400, "invalid_merge", NO_DUPLICATES) == told(backwards)


async def test_only_the_latest_merges_are_told_beside_a_contact(acme: Acme, monkeypatch):
    monkeypatch.setattr("sayso.service.merge.LATEST", 2)
    alice, leads = await acme.contact(**ALICE), []
    for _ in range(3):
        acme.clock.pass_(1_000)
        leads.append(await acme.contact(role="lead"))
        await acme.post("/contacts/merge", {"from": leads[-1], "into": alice})

    newest, asked = {"Intercom-Version": "2.16"}, {"include_merge_history": "true"}
    shown = await acme.get(f"/contacts/{alice}", headers=newest, params=asked)
    assert [leads[2], leads[1]] == [one["source_contact_id"] for one in shown.json()["merge_history"]]
    history = await acme.get(f"/contacts/{alice}/merge_history", headers=newest)
    assert 3 == len(history.json()["data"])


async def test_the_history_tells_the_merges_the_last_one_first_page_by_page(acme: Acme):
    alice, newest = await acme.contact(**ALICE), {"Intercom-Version": "2.16"}
    leads = []
    for _ in range(3):
        acme.clock.pass_(1_000)
        leads.append(await acme.contact(role="lead"))
        await acme.post("/contacts/merge", {"from": leads[-1], "into": alice})
    path = f"/contacts/{alice}/merge_history"

    async def walked(query: str) -> list[dict[str, object]]:
        found, cursor = [], ""
        while True:
            page = (await acme.get(f"{path}?{query}{cursor}", headers=newest)).json()
            found += page["data"]
            assert page["has_more"] is ("next_cursor" in page)
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    told_all = await walked("per_page=2")
    assert leads[::-1] == [one["source_contact_id"] for one in told_all]
    assert {"type", "source_contact_id", "source_contact_role", "merged_at"} == told_all[0].keys()
    assert acme.clock.now // 1000 == told_all[0]["merged_at"]
    assert told_all[::-1] == await walked("per_page=1&order=asc")
    asked = {"include_merge_history": "true"}
    shown = await acme.get(f"/contacts/{alice}", headers=newest, params=asked)
    assert told_all == shown.json()["merge_history"]
    assert told_all == (await acme.get("/contacts", headers=newest, params=asked)).json()["data"][0]["merge_history"]
    sought = {"query": {"field": "id", "operator": "=", "value": alice}}
    found = await acme.post("/contacts/search", sought, headers=newest, params=asked)
    assert told_all == found.json()["data"][0]["merge_history"]
    assert "merge_history" not in (await acme.get(f"/contacts/{alice}", params=asked)).json()
    lead = await acme.contact(role="lead")
    assert (404, "not_found", "Contact not found") == told(
        await acme.get(f"/contacts/{lead}/merge_history", headers=newest)
    )


async def test_merges_and_choices_at_once_lose_nothing(acme: Acme):
    alice = await acme.contact(**ALICE)
    leads = [await acme.contact(role="lead") for _ in range(4)]
    opt_out = acme.types["opt_out"]
    await acme.post(f"/contacts/{leads[2]}/subscriptions", {"id": opt_out})

    answers = await asyncio.gather(
        *(acme.post("/contacts/merge", {"from": lead, "into": alice}) for lead in leads),
        *(acme.post("/contacts/merge", {"from": lead, "into": alice}) for lead in leads),
        *(acme.post(f"/contacts/{who}/subscriptions", {"id": acme.types["opt_in"]}) for who in (*leads, alice)),
    )

    assert {200, 404} >= {answer.status_code for answer in answers}
    assert 4 == sum(answer.status_code == 200 for answer in answers[:8])
    assert opt_out in await chosen(acme, alice)
    history = await acme.get(f"/contacts/{alice}/merge_history", headers={"Intercom-Version": "2.16"})
    assert sorted(leads) == sorted(one["source_contact_id"] for one in history.json()["data"])
    assert [] == (await verify(acme.region.store)).problems
