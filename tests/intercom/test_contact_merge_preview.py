"""A merge that is only looked at: it tells what the merge then does, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme

from sayso.domain.access import Scope
from sayso.domain.company import Company

PREVIEW = {"Intercom-Version": "Preview"}


async def preview(acme: Acme, lead: str, user: str, **more: Any) -> dict[str, Any]:
    body = {"from": lead, "into": user, **more}
    answer = await acme.post("/contacts/merge/preview", body, headers=PREVIEW)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def two(acme: Acme) -> tuple[str, str]:
    """A lead and a user with the same address who differ in all else."""
    await acme.attributes(plan="string", seats="integer", colour="string")
    common = {"email": "alice@example.com"}
    lead = await acme.contact(
        **common,
        role="lead",
        name="Jo",
        phone="+1555",
        last_seen_at=1_700_000_009,
        signed_up_at=1_600_000_000,
        unsubscribed_from_emails=True,
        custom_attributes={"plan": "free", "seats": 3, "colour": "red"},
    )
    user = await acme.contact(
        **common,
        phone="+1999",
        last_seen_at=1_700_000_000,
        signed_up_at=1_600_000_000,
        custom_attributes={"plan": "pro", "colour": "red"},
    )
    for company_id, name, contact in (("b", "Beta", lead), ("a", "Acme", user)):
        company = (await acme.post("/companies", {"company_id": company_id, "name": name})).json()["id"]
        await acme.post(f"/contacts/{contact}/companies", {"id": company})
    for name, contacts in (("one", [lead]), ("both", [lead, user]), ("own", [user])):
        await acme.post("/tags", {"name": name, "users": [{"id": one} for one in contacts]})
    gone = (await acme.post("/tags", {"name": "gone", "users": [{"id": lead}]})).json()["id"]
    await acme.delete(f"/tags/{gone}")
    for contact in (lead, lead, user):
        await acme.post(f"/contacts/{contact}/notes", {"body": "a note"})
    for contact, word in ((lead, "opt_in"), (lead, "opt_out"), (user, "opt_out")):
        await acme.post(f"/contacts/{contact}/subscriptions", {"id": acme.types[word]})
    return lead, user


def change(field: str, outcome: str, new: Any, **values: Any) -> dict[str, Any]:
    return {"field": field, "outcome": outcome, **{f"{k}_value": v for k, v in values.items()}, "new_into_value": new}


async def test_a_preview_tells_what_becomes_of_each_value(acme: Acme):
    told = await preview(acme, *await two(acme))

    changes = [
        change("phone", "discarded", "+1999", **{"from": "+1555", "into": "+1999"}),
        change("name", "adopted", "Jo", **{"from": "Jo"}),
        change("last_seen_at", "adopted", 1_700_000_009, **{"from": 1_700_000_009, "into": 1_700_000_000}),
        change("custom_attributes.plan", "discarded", "pro", **{"from": "free", "into": "pro"}),
        change("custom_attributes.seats", "adopted", 3, **{"from": 3}),
        change("companies", "merged", ["Acme", "Beta"], **{"from": ["Beta"], "into": ["Acme"]}),
        change("unsubscribed_from_emails", "adopted", True, **{"from": True, "into": False}),
        change("opted_in_subscription_types", "merged", ["Newsletter"], **{"from": ["Newsletter"]}),
    ]
    assert {
        "allowed": True,
        "summary": {
            "attribute_changes": {"attributes": changes, "total_count": len(changes)},
            "reassignments": {"tags": {"from": 1, "into": 2}, "notes": {"from": 2, "into": 1}},
        },
    } == told


async def test_a_preview_writes_nothing_and_the_merge_does_what_it_told(acme: Acme):
    lead, user = await two(acme)
    before = [(await acme.get(f"/contacts/{one}")).json() for one in (lead, user)]
    chains = [await acme.region.store.ledger.chain(acme.workspace.id, one) for one in (lead, user)]

    told = await preview(acme, lead, user)

    assert before == [(await acme.get(f"/contacts/{one}")).json() for one in (lead, user)]
    assert chains == [await acme.region.store.ledger.chain(acme.workspace.id, one) for one in (lead, user)]
    merged = (await acme.post("/contacts/merge", {"from": lead, "into": user}, headers=PREVIEW)).json()
    known = {**merged, **{f"custom_attributes.{name}": value for name, value in merged["custom_attributes"].items()}}
    changes = {one["field"]: one["new_into_value"] for one in told["summary"]["attribute_changes"]["attributes"]}
    plain = {name: value for name, value in changes.items() if not isinstance(value, list)}
    assert plain == {name: known[name] for name in plain}
    counts = told["summary"]["reassignments"]
    for name in ("tags", "notes"):
        assert sum(counts[name].values()) == merged[name]["total_count"]


async def test_an_address_that_another_user_has_is_discarded(acme: Acme):
    lead = await acme.contact(role="lead", email="held@example.com", phone="+353871234567")
    user = await acme.contact(external_id="user", phone="+353871234567")
    await acme.contact(email="held@example.com")

    told = await preview(acme, lead, user)

    assert [change("email", "discarded", None, **{"from": "held@example.com"})] == told["summary"]["attribute_changes"][
        "attributes"
    ]
    assert {} == told["summary"]["reassignments"]


async def test_at_most_fifty_changes_are_listed_and_all_are_counted(acme: Acme):
    names = [f"a{number}" for number in range(60)]
    await acme.attributes(**dict.fromkeys(names, "integer"))
    email = {"email": "alice@example.com"}
    lead = await acme.contact(**email, role="lead", custom_attributes=dict.fromkeys(names, 1))

    told = (await preview(acme, lead, await acme.contact(**email)))["summary"]["attribute_changes"]

    assert (50, 60) == (len(told["attributes"]), told["total_count"])


async def test_at_most_fifty_companies_are_named_and_read_at_once(acme: Acme, monkeypatch: pytest.MonkeyPatch):
    lead, user = await two(acme)
    for number in range(60):
        company = (await acme.post("/companies", {"company_id": f"c{number}", "name": f"C{number}"})).json()["id"]
        await acme.post(f"/contacts/{lead}/companies", {"id": company})
    several, asked = acme.region.store.company.several, []

    async def record(workspace_id: str, company_ids: Sequence[str]) -> list[Company]:
        asked.append(len(company_ids))
        return await several(workspace_id, company_ids)

    monkeypatch.setattr(acme.region.store.company, "several", record)
    told = (await preview(acme, lead, user))["summary"]["attribute_changes"]["attributes"]

    (companies,) = [change for change in told if change["field"] == "companies"]
    assert ["Beta", *(f"C{number}" for number in range(49))] == companies["from_value"]
    assert ["Acme"] == companies["into_value"]
    assert ["Acme", "Beta", *(f"C{number}" for number in range(48))] == companies["new_into_value"]
    assert [51] == asked


async def test_companies_that_both_have_are_no_change(acme: Acme):
    lead, user = await two(acme)
    held = (await acme.get(f"/contacts/{lead}/companies")).json()["data"]
    await acme.post(f"/contacts/{user}/companies", {"id": held[0]["id"]})

    told = (await preview(acme, lead, user))["summary"]["attribute_changes"]["attributes"]

    assert "companies" not in [change["field"] for change in told]


@pytest.mark.parametrize(
    ("source", "into", "code"),
    [
        ("lead", "lead", "invalid_merge_role_pair"),
        ("user", "user", "no_shared_identifier"),
        ("user", "lead", "invalid_merge_role_pair"),
        ("lead", "same", "invalid_merge_role_pair"),
        ("lead", "user", "no_shared_identifier"),
    ],
)
async def test_a_merge_that_is_not_allowed_is_told_with_its_reason(acme: Acme, source: str, into: str, code: str):
    first = await acme.contact(role=source, external_id="first")
    second = first if into == "same" else await acme.contact(role=into, external_id="second")

    told = await preview(acme, first, second)

    assert [False, [code]] == [told["allowed"], [reason["code"] for reason in told["reasons"]]]
    assert {"allowed", "reasons"} == set(told)
    assert all(reason["message"] for reason in told["reasons"])
    skipped = await preview(acme, first, second, skip_duplicate_validation=True)
    assert (code == "no_shared_identifier") is skipped["allowed"]
    merge = await acme.post("/contacts/merge", {"from": first, "into": second}, headers=PREVIEW)
    assert 400 == merge.status_code


async def test_a_user_s_external_id_is_among_what_another_user_takes(acme: Acme):
    source = await acme.contact(external_id="first", phone="+353871234567")
    into = await acme.contact(email="bob@example.com", phone="+353871234567")

    told = await preview(acme, source, into)

    assert [change("external_id", "adopted", "first", **{"from": "first"})] == told["summary"]["attribute_changes"][
        "attributes"
    ]


async def test_a_token_that_may_only_read_may_preview(acme: Acme):
    lead, user = await two(acme)
    _, secret = await acme.region.access.create(acme.workspace.id, "reader", [Scope.READ], "us")
    async with acme.client_with(secret, **PREVIEW) as reader:
        answers = [
            await reader.post(path, json={"from": lead, "into": user, "contacts": []})
            for path in ("/contacts/merge/preview", "/contacts/merge", "/contacts/bulk")
        ]

    assert [200, 403, 403] == [answer.status_code for answer in answers]
