"""Addresses in every spelling: stored as they were given, trimmed, and found and claimed in their normal form."""
# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import AUTHOR, NOON
from tests.conftest import Acme
from tests.intercom.told import refused

from sayso.domain import contact as rules
from sayso.domain.act import Act
from sayso.domain.contact import ContactDraft, Profile, Role

LATEST = {"Intercom-Version": "2.16"}

SPELLINGS = [
    [
        "Änne@example.com",
        "ÄNNE@EXAMPLE.COM",
        "A\u0308nne@example.com",
        "änne@Example.com",
        " \ufeffÄnne@example.com\u200b\n",
    ],
    ["İstanbul@example.com", "I\u0307STANBUL@example.com", "i\u0307stanbul@example.com"],
    ["Straße@example.com", "straße@EXAMPLE.com"],
    ["info@bücher.example", "INFO@XN--BCHER-KVA.example", "info@bücher。example", "info@BU\u0308CHER.example"],
    ["山田@例え.example", "山田@xn--r8jz45g.example"],
    ["under@a_b.example", "UNDER@A_B.example"],
]


async def found(acme: Acme, field: str, value: Any, operator: str = "=") -> list[str]:
    """The ids of contacts found, by their identifiers where that is possible, and by the store's comparison alone."""
    query = {"field": field, "operator": operator, "value": value}
    nobody = {"field": "name", "operator": "=", "value": "nobody at all"}
    answers = [
        await acme.post("/contacts/search", {"query": each})
        for each in (query, {"operator": "OR", "value": [query, nobody]})
    ]
    assert [200, 200] == [answer.status_code for answer in answers], answers[0].text
    named, compared = ([contact["id"] for contact in answer.json()["data"]] for answer in answers)
    assert named == compared
    return named


@pytest.mark.parametrize("role", ["user", "lead"])
@pytest.mark.parametrize("spellings", SPELLINGS, ids=[ascii(each[0]) for each in SPELLINGS])
async def test_a_contact_is_found_by_every_spelling_of_its_email(acme: Acme, spellings: list[str], role: str):
    contact = await acme.contact(role=role, email=spellings[0])
    await acme.contact(email="somebody@else.example")

    assert spellings[0] == (await acme.get(f"/contacts/{contact}")).json()["email"]
    for spelling in spellings:
        assert [contact] == await found(acme, "email", spelling)
        assert [contact] == await found(acme, "email", [spelling, "nobody@example.com"], "IN")
        domain = spelling.rpartition("@")[2]
        assert [contact] == await found(acme, "email_domain", domain)
        assert [contact] == await found(acme, "email", f"@{domain.strip()}".rstrip("\u200b\n"), "$")
        assert contact not in await found(acme, "email", spelling, "!=")


@pytest.mark.parametrize("spellings", SPELLINGS, ids=[ascii(each[0]) for each in SPELLINGS])
async def test_no_second_user_may_have_another_spelling(acme: Acme, spellings: list[str]):
    contact, other = await acme.contact(email=spellings[0]), await acme.contact(external_id="other")

    for spelling in spellings:
        answers = [
            await acme.post("/contacts", {"email": spelling}),
            await acme.put(f"/contacts/{other}", {"email": spelling}),
        ]
        for answer in answers:
            assert (409, "conflict") == refused(answer)[:2]
            assert contact in answer.text
        assert 200 == (await acme.put(f"/contacts/{contact}", {"email": spelling})).status_code


async def test_emails_that_are_alike_and_not_the_same_are_two(acme: Acme):
    pairs = [("straße@example.com", "strasse@example.com"), ("i@example.com", "ı@example.com")]
    for one, other in pairs:
        first, second = await acme.contact(email=one), await acme.contact(email=other)

        assert ([first], [second]) == (await found(acme, "email", one), await found(acme, "email", other))


async def test_blanks_round_an_address_are_not_stored(acme: Acme):
    created = await acme.post("/contacts", {"email": "  sp@example.com \n", "phone": "\u202a+1 555 555 0100\u202c"})
    contact = created.json()["id"]

    assert ("sp@example.com", "example.com", "+1 555 555 0100") == tuple(
        created.json()[name] for name in ("email", "email_domain", "phone")
    )
    assert created.json() == (await acme.get(f"/contacts/{contact}")).json()
    for email in ("sp@example.com", "\tSP@example.com\xa0"):
        assert [contact] == await found(acme, "email", email)
        assert (409, "conflict") == refused(await acme.post("/contacts", {"email": email}))[:2]

    changed = await acme.put(f"/contacts/{contact}", {"email": "\u3000new@example.com\u2060", "phone": " 030 1 "})
    assert ("new@example.com", "030 1") == (changed.json()["email"], changed.json()["phone"])
    assert ([contact], []) == (
        await found(acme, "email", "new@example.com"),
        await found(acme, "email", "sp@example.com"),
    )


@pytest.mark.parametrize(
    ("email", "which"),
    [("a b@example.com", "2 is U+0020 (SPACE)"), ("ab@exa\u200bmple.com", "7 is U+200B (ZERO WIDTH SPACE)")],
)
async def test_a_blank_inside_an_email_is_refused_and_named(acme: Acme, email: str, which: str):
    contact = await acme.contact(email="ab@example.com")
    for answer in (
        await acme.post("/contacts", {"email": email}),
        await acme.post("/contacts", {"email": email, "role": "lead"}),
        await acme.put(f"/contacts/{contact}", {"email": f" {email} "}),
    ):
        assert (400, "parameter_invalid", "email") == refused(answer)
        message = answer.json()["errors"][0]["message"]
        assert f"email must not contain white space or invisible characters, and character {which}" == message


@pytest.mark.parametrize("email", ["", " ", "\ufeff", "nobody"])
async def test_what_is_no_email_is_refused(acme: Acme, email: str):
    assert (400, "parameter_invalid", "email") == refused(
        await acme.post("/contacts", {"external_id": "a", "email": email})
    )


async def test_a_phone_is_found_by_every_spelling_of_it(acme: Acme):
    contact = await acme.contact(email="a@example.com", phone="+49 (0)30 1234567")
    local = await acme.contact(role="lead", phone="(555) 555-0102")
    text = await acme.contact(role="lead", phone="No Number")

    for phone in ("+49301234567", "\u202a+49 30 123 45 67\u202c", "tel:+49-30-1234567"):
        assert [contact] == await found(acme, "phone", phone)
    assert [contact, text] == await found(acme, "phone", "555 555 0102", "!=")
    assert [local] == await found(acme, "phone", "555.555.0102")
    assert [local] == await found(acme, "phone", "555-01", "~")
    assert [contact] == await found(acme, "phone", "+49 30", "^")
    assert [contact] == await found(acme, "phone", "45-67", "$")
    assert [text] == await found(acme, "phone", "no number")
    assert [] == await found(acme, "phone", "030 1234567")


@pytest.mark.parametrize(
    ("user", "lead"),
    [
        ({"phone": "+1 (555) 555-0100"}, {"phone": "+15555550100"}),
        ({"email": "A\u0308@bücher.example"}, {"email": "ä@xn--bcher-kva.example"}),
    ],
)
async def test_a_lead_with_the_same_address_is_a_duplicate_of_the_user(acme: Acme, user: Any, lead: Any):
    into = await acme.contact(external_id="a", **user)
    source = await acme.contact(role="lead", **lead)

    answer = await acme.post("/contacts/merge", {"from": source, "into": into}, headers=LATEST)

    assert (200, into) == (answer.status_code, answer.json()["id"])


async def test_events_and_tags_name_a_user_by_any_spelling(acme: Acme):
    contact = await acme.contact(email="Änne@bücher.example")
    spelling = " A\u0308NNE@xn--bcher-kva.example "

    event = {"event_name": "ordered", "created_at": NOON // 1000, "email": spelling}
    assert 202 == (await acme.post("/events", event)).status_code
    listed = await acme.client.get("/events", params={"type": "user", "email": spelling, "summary": "true"})
    assert (200, contact) == (listed.status_code, listed.json()["intercom_user_id"])
    assert 200 == (await acme.post("/tags", {"name": "vip", "users": [{"email": spelling}]})).status_code
    assert ["vip"] == [tag["name"] for tag in (await acme.get(f"/contacts/{contact}/tags")).json()["data"]]


async def test_an_address_that_would_be_refused_today_stays_readable_and_its_contact_changeable(acme: Acme):
    """As an older program stored it."""
    contact = await acme.contact(external_id="old")
    store, workspace = acme.region.store, acme.workspace.id
    before = await store.contact.find(workspace, contact)
    assert before
    act = Act("7" * 32, NOON, AUTHOR)
    change = rules.update(before, ContactDraft(Profile(Role.USER, "old", "a@example.com")), {}, act)
    assert change
    raw = "\xa0o l\u200bd@example.com"
    raw_claim = (("email", Profile(Role.USER, email=raw).identifiers()["email"], None),)
    change = change._replace(profile=Profile(Role.USER, "old", raw), claims=change.claims._replace(take=raw_claim))
    await store.contact.commit(change)

    answer = await acme.put(f"/contacts/{contact}", {"name": "Old"})

    assert (200, raw, "Old") == (answer.status_code, answer.json()["email"], answer.json()["name"])
    assert 200 == (await acme.put(f"/contacts/{contact}", {"name": "Older", "email": raw})).status_code
    assert [contact] == await found(acme, "email", raw)
    assert 200 == (await acme.put(f"/contacts/{contact}", {"email": "new@example.com"})).status_code


async def test_the_same_address_with_blanks_keeps_what_was_said_of_it(acme: Acme):
    contact = await acme.post("/contacts", {"email": "a@example.com", "email_verified": True}, headers=LATEST)

    await acme.put(f"/contacts/{contact.json()['id']}", {"email": " a@example.com "}, headers=LATEST)

    kept = await acme.region.contacts.find(acme.workspace.id, contact.json()["id"])
    assert kept.profile.email_verified is True
