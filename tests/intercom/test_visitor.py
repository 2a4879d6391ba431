"""Visitors: every lead is one, and becomes a lead or a user by conversion, with all that was said about consent."""

from __future__ import annotations

import pytest
from tests.cast import ALICE
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told

from sayso.service.verify import verify

VISITOR_NOT_FOUND = (404, "not_found", "Visitor Not Found", None)
NOBODY = "0" * 24


async def lead(acme: Acme, **more: object) -> tuple[str, str]:
    """The id and the user_id of a new lead."""
    made = (await acme.post("/contacts", {"role": "lead", **more})).json()
    return made["id"], made["external_id"]


async def convert(acme: Acme, visitor: dict, user: dict, kind: str = "user"):
    return await acme.post("/visitors/convert", {"visitor": visitor, "user": user, "type": kind})


async def chosen(acme: Acme, contact: str) -> list[str]:
    return sorted(one["id"] for one in (await acme.get(f"/contacts/{contact}/subscriptions")).json()["data"])


async def test_a_lead_is_found_as_a_visitor_with_all_that_hangs_on_it(acme: Acme):
    await acme.attributes(plan="string")
    grace, user_id = await lead(
        acme, email="grace@example.com", name="Grace", custom_attributes={"plan": "pro"}, unsubscribed_from_emails=True
    )
    tag = (await acme.post("/tags", {"name": "VIP", "users": [{"id": grace}]})).json()["id"]
    company = (await acme.post("/companies", {"company_id": "engines", "name": "Engines"})).json()["id"]
    await acme.post(f"/contacts/{grace}/companies", {"id": company})

    found = (await acme.get("/visitors", params={"user_id": user_id})).json()

    assert found == (await acme.get(f"/visitors/{grace}")).json()
    known = {
        "type": "visitor",
        "id": grace,
        "user_id": user_id,
        "anonymous": True,
        "email": "grace@example.com",
        "phone": None,
        "name": "Grace",
        "avatar": {"type": "avatar", "image_url": None},
        "unsubscribed_from_emails": True,
        "custom_attributes": {"plan": "pro"},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": tag, "name": "VIP"}]},
    }
    assert known == {name: found[name] for name in known}
    assert [company] == [one["id"] for one in found["companies"]["companies"]]
    segments = (await acme.get(f"/contacts/{grace}/segments")).json()["data"]
    assert [one["id"] for one in segments] == found["segments"]["segments"]


async def test_users_and_contacts_put_away_are_no_visitors(acme: Acme):
    alice = await acme.contact(**ALICE)
    gone, user_id = await lead(acme)
    await acme.post(f"/contacts/{gone}/archive")

    for answer in (
        await acme.get(f"/visitors/{alice}"),
        await acme.get(f"/visitors/{gone}"),
        await acme.get("/visitors", params={"user_id": ALICE["external_id"]}),
        await acme.get("/visitors", params={"user_id": user_id}),
        await acme.client.put("/visitors", json={"id": alice, "name": "x"}),
        await convert(acme, {"id": alice}, {"email": "x@example.com"}),
    ):
        assert VISITOR_NOT_FOUND == told(answer)
    assert (400, "parameter_not_found", "user_id") == refused(await acme.get("/visitors"))


@pytest.mark.parametrize("by", ["id", "user_id"])
async def test_a_visitor_is_updated_key_by_key(acme: Acme, by: str):
    await acme.attributes(plan="string", size="integer")
    grace, user_id = await lead(acme, name="G.", custom_attributes={"plan": "pro"})
    named = {"id": grace} if by == "id" else {"user_id": user_id}

    answer = await acme.client.put("/visitors", json={**named, "name": "Grace", "custom_attributes": {"size": 3}})

    told_of = answer.json()
    assert (200, "Grace", {"plan": "pro", "size": 3}) == (
        answer.status_code,
        told_of["name"],
        told_of["custom_attributes"],
    )
    same = await acme.client.put("/visitors", json={**named, "custom_attributes": {"size": 4}})
    assert ("Grace", 4) == (same.json()["name"], same.json()["custom_attributes"]["size"])
    assert (400, "parameter_not_found", "id") == refused(await acme.client.put("/visitors", json={"name": "x"}))


async def test_a_converted_visitor_becomes_a_new_user_under_the_same_id_with_its_choices(acme: Acme):
    grace, user_id = await lead(acme, email="grace@example.com", name="Grace")
    opt_in, opt_out = acme.types["opt_in"], acme.types["opt_out"]
    for type_id in (opt_in, opt_out):
        await acme.post(f"/contacts/{grace}/subscriptions", {"id": type_id})

    answer = await convert(acme, {"user_id": user_id}, {"user_id": "grace"})

    shown = answer.json()
    assert (200, "contact", grace, "user", "grace", "grace@example.com", "Grace") == (
        answer.status_code,
        *(shown[name] for name in ("type", "id", "role", "external_id", "email", "name")),
    )
    assert sorted([opt_in, opt_out]) == await chosen(acme, grace)
    assert VISITOR_NOT_FOUND == told(await acme.get(f"/visitors/{grace}"))
    assert grace == (await acme.get("/contacts/find_by_external_id/grace")).json()["id"]
    assert [] == (await verify(acme.region.store)).problems


@pytest.mark.parametrize("named", [{"user_id": "alice"}, {"email": " ALICE@example.com"}, {"id": "ALICE"}])
async def test_a_visitor_is_merged_into_the_user_that_there_is_and_a_withdrawal_outlives_a_grant(
    acme: Acme, named: dict
):
    alice, (grace, _) = await acme.contact(**ALICE), await lead(acme, email="grace@example.com", phone="+15555550101")
    opt_in = acme.types["opt_in"]
    for contact in (alice, grace):
        await acme.post(f"/contacts/{contact}/subscriptions", {"id": opt_in})
    await acme.delete(f"/contacts/{grace}/subscriptions/{opt_in}")

    answer = await convert(
        acme, {"email": "Grace@example.com"}, {key: alice if key == "id" else value for key, value in named.items()}
    )

    assert (200, alice, "+15555550101") == (answer.status_code, answer.json()["id"], answer.json()["phone"])
    assert [] == await chosen(acme, alice)
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{grace}"))
    assert VISITOR_NOT_FOUND == told(await acme.get(f"/visitors/{grace}"))
    assert [] == (await verify(acme.region.store)).problems


async def test_a_visitor_is_converted_to_a_lead_or_merged_into_one(acme: Acme):
    (grace, user_id), (other, _) = await lead(acme), await lead(acme, phone="+15555550101")

    kept = (await convert(acme, {"id": grace}, {"user_id": "grace", "email": "grace@example.com"}, "lead")).json()
    merged = await convert(acme, {"id": other}, {"user_id": "grace"}, "lead")

    assert (grace, "lead", "grace@example.com") == (kept["id"], kept["role"], kept["email"])
    assert VISITOR_NOT_FOUND == told(await acme.get("/visitors", params={"user_id": user_id}))
    assert grace == (await acme.get("/visitors", params={"user_id": "grace"})).json()["id"]
    assert (200, grace, "+15555550101") == (merged.status_code, merged.json()["id"], merged.json()["phone"])
    assert [] == (await verify(acme.region.store)).problems


async def test_of_visitors_with_one_email_the_newest_is_converted(acme: Acme):
    older, _ = await lead(acme, email="grace@example.com")
    acme.clock.pass_(1_000)
    newer, _ = await lead(acme, email="grace@example.com")

    answer = await convert(acme, {"email": "grace@example.com"}, {"user_id": "grace"})

    assert newer == answer.json()["id"]
    assert 200 == (await acme.get(f"/visitors/{older}")).status_code


async def test_what_cannot_be_converted_is_refused_and_nothing_is_written(acme: Acme):
    alice, (grace, _), (other, _) = await acme.contact(**ALICE), await lead(acme), await lead(acme)
    away = await acme.contact(external_id="away")
    await acme.post(f"/contacts/{away}/archive")
    missing, invalid = "parameter_not_found", "parameter_invalid"
    refusals = [
        ({"visitor": {"id": grace}, "user": {"id": alice}}, (400, missing, "type")),
        ({"visitor": {"id": grace}, "type": "user"}, (400, missing, "user")),
        ({"visitor": {"id": grace}, "user": {}, "type": "user"}, (400, missing, "user")),
        ({"user": {"id": alice}, "type": "user"}, (400, missing, "visitor")),
        ({"visitor": {"id": grace}, "user": {"id": alice}, "type": "visitor"}, (400, invalid, "type")),
        ({"visitor": {"id": grace}, "user": {"id": alice}, "type": "lead"}, (400, invalid, "user")),
        ({"visitor": {"id": grace}, "user": {"id": other}, "type": "user"}, (400, invalid, "user")),
        ({"visitor": {"id": grace}, "user": {"id": grace}, "type": "user"}, (400, missing, "email")),
        ({"visitor": {"id": grace}, "user": {"email": "no address"}, "type": "user"}, (400, invalid, "email")),
        ({"visitor": {"id": grace}, "user": {"user_id": "away"}, "type": "user"}, (409, "conflict", None)),
        ({"visitor": {"id": grace}, "user": {"id": NOBODY}, "type": "user"}, (404, "not_found", None)),
        ({"visitor": {"user_id": "nobody"}, "user": {"id": alice}, "type": "user"}, (404, "not_found", None)),
    ]
    before = [(await acme.get(f"/contacts/{who}")).json() for who in (alice, grace, other)]

    for body, error in refusals:
        assert error == refused(await acme.post("/visitors/convert", body)), body

    assert before == [(await acme.get(f"/contacts/{who}")).json() for who in (alice, grace, other)]
