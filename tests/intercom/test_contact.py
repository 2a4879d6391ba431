"""Contacts on Intercom's wire: create, find, change, delete."""

import re
from urllib.parse import quote

import pytest
from tests.cast import ALICE, BOB
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told

DAY = 24 * 3600 * 1000
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def taken(contact: str, who: str = "A contact") -> tuple[int, str, str, None]:
    """The documented 409, byte for byte."""
    return 409, "conflict", f"{who} matching those details already exists with id={contact}", None


# Create.


async def test_an_email_alone_makes_a_user_and_answers_200(acme: Acme):
    answer = await acme.post("/contacts", {"email": "alice@example.com"})

    body = answer.json()
    assert (200, "user", "alice@example.com", None) == (
        answer.status_code,
        body["role"],
        body["email"],
        body["external_id"],
    )
    assert re.fullmatch("[0-9a-f]{24}", body["id"])
    assert body == (await acme.get(f"/contacts/{body['id']}")).json()


@pytest.mark.parametrize("body", [None, {}, {"name": "Alice"}, {"role": "user"}, {"email": None}, {"external_id": ""}])
async def test_a_user_without_email_and_external_id_is_refused(acme: Acme, body: object):
    assert (400, "parameter_not_found", "email") == refused(await acme.post("/contacts", body))
    assert 0 == (await acme.get("/contacts")).json()["total_count"]


async def test_unknown_fields_are_ignored(acme: Acme):
    answer = await acme.post("/contacts", {**ALICE, "shoe_size": 38, "type": "company", "id": "x", "tags": [1]})

    assert (200, "contact") == (answer.status_code, answer.json()["type"])
    assert "shoe_size" not in answer.json()


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@EXAMPLE.COM", "Alice@Example.com"])
async def test_a_second_user_with_an_email_is_told_whose_it_is_whatever_its_case(acme: Acme, email: str):
    alice = await acme.contact(**ALICE)

    assert taken(alice) == told(await acme.post("/contacts", {"email": email}))


async def test_a_second_user_with_an_external_id_is_told_whose_it_is_and_case_counts(acme: Acme):
    alice = await acme.contact(**ALICE)

    assert taken(alice) == told(await acme.post("/contacts", {"external_id": "alice"}))
    assert 200 == (await acme.post("/contacts", {"external_id": "Alice"})).status_code


async def test_the_conflict_is_the_documented_body_byte_for_byte(acme: Acme):
    alice = await acme.contact(**ALICE)

    answer = await acme.post("/contacts", ALICE)

    request_id = answer.headers["x-request-id"]
    assert (
        f'{{"type":"error.list","request_id":"{request_id}","errors":[{{"code":"conflict",'
        f'"message":"A contact matching those details already exists with id={alice}"}}]}}'
    ) == answer.text


async def test_a_change_to_another_s_identifier_is_told_whose_it_is_and_changes_nothing(acme: Acme):
    alice, bob = await acme.contact(**ALICE), await acme.contact(**BOB)
    before = (await acme.get(f"/contacts/{bob}")).json()

    for change in ({"email": "ALICE@example.com"}, {"external_id": "alice"}, {**ALICE}):
        assert taken(alice) == told(await acme.put(f"/contacts/{bob}", change))

    assert before == (await acme.get(f"/contacts/{bob}")).json()


async def test_the_same_identifiers_in_another_workspace_do_not_conflict(acme: Acme):
    await acme.contact(**ALICE)

    assert 200 == (await acme.stranger.post("/contacts", json=ALICE)).status_code


async def test_an_identifier_that_was_given_up_is_free_for_others(acme: Acme):
    alice = await acme.contact(**ALICE)
    await acme.put(f"/contacts/{alice}", {"email": "alice@example.org", "external_id": None})

    assert 200 == (await acme.post("/contacts", ALICE)).status_code


async def test_a_contact_may_change_the_case_of_its_own_email(acme: Acme):
    alice = await acme.contact(**ALICE)

    answer = await acme.put(f"/contacts/{alice}", {"email": "ALICE@example.com"})

    assert (200, "ALICE@example.com") == (answer.status_code, answer.json()["email"])
    assert taken(alice) == told(await acme.post("/contacts", {"email": "alice@example.com"}))


# Leads.


async def test_leads_never_conflict(acme: Acme):
    await acme.contact(**ALICE)
    leads = [await acme.contact(role="lead", email="alice@example.com") for _ in range(2)]

    assert 2 == len(set(leads))


async def test_a_lead_gets_a_uuid_for_external_id_and_one_that_is_sent_is_ignored(acme: Acme):
    lead = await acme.post("/contacts", {"role": "lead", "external_id": "mine"})

    given = lead.json()["external_id"]
    assert UUID.fullmatch(given)

    changed = await acme.put(f"/contacts/{lead.json()['id']}", {"external_id": "mine", "name": "Lead"})

    assert (given, "Lead") == (changed.json()["external_id"], changed.json()["name"])
    assert 200 == (await acme.post("/contacts", {"external_id": "mine"})).status_code


async def test_a_lead_becomes_a_user_with_an_external_id_of_its_own(acme: Acme):
    lead = await acme.contact(role="lead")

    answer = await acme.put(f"/contacts/{lead}", {"role": "user", **ALICE})

    assert (200, "user", "alice") == (answer.status_code, answer.json()["role"], answer.json()["external_id"])
    assert taken(lead) == told(await acme.post("/contacts", ALICE))


async def test_a_lead_does_not_become_a_user_with_another_s_email(acme: Acme):
    alice = await acme.contact(**ALICE)
    lead = await acme.contact(role="lead", email="alice@example.com")

    assert taken(alice) == told(await acme.put(f"/contacts/{lead}", {"role": "user"}))
    assert "lead" == (await acme.get(f"/contacts/{lead}")).json()["role"]


async def test_a_user_never_becomes_a_lead(acme: Acme):
    alice = await acme.contact(**ALICE)

    answer = await acme.put(f"/contacts/{alice}", {"role": "lead"})

    assert (400, "client_error", "Contact with user role can't be converted to a lead", None) == told(answer)
    assert "user" == (await acme.get(f"/contacts/{alice}")).json()["role"]


# Find.


async def test_a_user_is_found_by_external_id_from_2_13_on(acme: Acme):
    alice = await acme.contact(**ALICE)
    path = "/contacts/find_by_external_id/alice"

    found = await acme.get(path, headers={"Intercom-Version": "2.13"})
    before = await acme.get(path, headers={"Intercom-Version": "2.12"})
    unnamed = await acme.get(path)

    for answer in (found, unnamed):
        assert (200, alice) == (answer.status_code, answer.json()["id"])
    too_new = (
        400,
        "intercom_version_invalid",
        "Requested resource is not available in current API version.",
        None,
    )
    assert too_new == told(before)


@pytest.mark.parametrize("external_id", ["a/b", "ü ñ", "100%", "a?b#c", "\ufffd", "find_by_external_id"])
async def test_an_external_id_of_any_letters_is_found(acme: Acme, external_id: str):
    contact = await acme.contact(external_id=external_id)

    answer = await acme.get(
        f"/contacts/find_by_external_id/{quote(external_id, safe='')}", headers={"Intercom-Version": "2.13"}
    )

    assert (200, contact) == (answer.status_code, answer.json()["id"])


@pytest.mark.parametrize("external_id", ["nobody", "%00", "%FF", "%ED%A0%80", "ALICE"])
async def test_an_external_id_that_nobody_has_is_not_found(acme: Acme, external_id: str):
    await acme.contact(**ALICE)
    await acme.contact(external_id="\ufffd")

    answer = await acme.get(f"/contacts/find_by_external_id/{external_id}", headers={"Intercom-Version": "2.13"})

    assert (404, "not_found", None) == refused(answer)


async def test_leads_are_not_found_by_external_id(acme: Acme):
    lead = (await acme.post("/contacts", {"role": "lead"})).json()

    answer = await acme.get(
        f"/contacts/find_by_external_id/{lead['external_id']}", headers={"Intercom-Version": "2.13"}
    )

    assert USER_NOT_FOUND == told(answer)


# Change.


async def test_a_change_touches_what_it_names_alone(acme: Acme):
    created = (await acme.post("/contacts", {**ALICE, "phone": "+15555550100", "signed_up_at": 1_700_000_000})).json()
    acme.clock.pass_(3_000)

    changed = (await acme.put(f"/contacts/{created['id']}", {"name": None, "last_seen_at": 1_700_000_001})).json()

    updated_at = created["updated_at"] + 3
    assert {**created, "name": None, "last_seen_at": 1_700_000_001, "updated_at": updated_at} == changed
    assert changed == (await acme.get(f"/contacts/{created['id']}")).json()


async def test_custom_attributes_are_merged_key_by_key(acme: Acme):
    await acme.attributes(plan="string", seats="integer", ratio="float", vip="boolean", note="string")
    alice = await acme.contact(**ALICE, custom_attributes={"plan": "free", "seats": 3, "ratio": 0.5, "vip": True})

    changed = await acme.put(f"/contacts/{alice}", {"custom_attributes": {"plan": "paid", "note": None}})

    assert {"plan": "paid", "seats": 3, "ratio": 0.5, "vip": True, "note": None} == changed.json()["custom_attributes"]


async def test_a_change_that_changes_nothing_writes_nothing(acme: Acme):
    alice = await acme.contact(**ALICE)
    before = await acme.get(f"/contacts/{alice}")
    acme.clock.pass_(10_000)

    answer = await acme.put(f"/contacts/{alice}", ALICE)

    assert (200, before.json()) == (answer.status_code, answer.json())


async def test_an_owner_must_be_an_admin_of_the_workspace(acme: Acme):
    bad = await acme.post("/contacts", {**ALICE, "owner_id": 4711})
    good = await acme.post("/contacts", {**ALICE, "owner_id": 1})

    assert (400, "parameter_invalid", "The owner specified is not a member of the workspace", "owner_id") == told(bad)
    assert 1 == good.json()["owner_id"]
    newest = await acme.get(f"/contacts/{good.json()['id']}", headers={"Intercom-Version": "2.16"})
    assert "1" == newest.json()["owner_id"]


async def test_what_cannot_be_changed_is_told_before_anything_changes(acme: Acme):
    alice = await acme.contact(**ALICE)

    assert (400, "parameter_not_found", "email") == refused(
        await acme.put(f"/contacts/{alice}", {"email": None, "external_id": None})
    )
    assert "alice" == (await acme.get(f"/contacts/{alice}")).json()["external_id"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
async def test_a_contact_that_there_is_not_is_told_as_user_not_found(acme: Acme, method: str):
    assert USER_NOT_FOUND == told(await getattr(acme, method)("/contacts/65a000000000000000000000"))


# unsubscribed_from_emails.


async def entries(acme: Acme, contact: str) -> list[tuple[str, str | None, str | None]]:
    stored = await acme.region.store.ledger.chain(acme.workspace.id, contact)
    return [(row.entry.event.value, row.entry.channel, row.entry.type_id) for row in stored]


STOPPED, LIFTED = ("channel.unsubscribed_all", "email", None), ("channel.resubscribed", "email", None)


async def test_to_unsubscribe_from_emails_on_create_writes_the_channel_s_entry(acme: Acme):
    created = await acme.post("/contacts", {**ALICE, "unsubscribed_from_emails": True})

    assert created.json()["unsubscribed_from_emails"] is True
    assert [STOPPED] == await entries(acme, created.json()["id"])


async def test_to_unsubscribe_and_resubscribe_writes_entries_and_leaves_the_choices_per_type(acme: Acme):
    alice = await acme.contact(**ALICE)
    for word in ("opt_in", "opt_out"):
        await acme.post(f"/contacts/{alice}/subscriptions", {"id": acme.types[word]})
    listed = (await acme.get(f"/contacts/{alice}/subscriptions")).content

    for stopped in (True, True, False, False, None):
        answer = await acme.put(f"/contacts/{alice}", {"unsubscribed_from_emails": stopped})
        assert answer.json()["unsubscribed_from_emails"] is bool(stopped)
        assert listed == (await acme.get(f"/contacts/{alice}/subscriptions")).content

    assert [STOPPED, LIFTED] == (await entries(acme, alice))[2:]


# Delete.


async def test_a_deleted_contact_is_not_found_any_more(acme: Acme):
    alice = await acme.contact(**ALICE)

    answer = await acme.delete(f"/contacts/{alice}")

    assert {"type": "contact", "id": alice, "external_id": "alice", "deleted": True} == answer.json()
    for again in (
        await acme.get(f"/contacts/{alice}"),
        await acme.put(f"/contacts/{alice}", {"name": "x"}),
        await acme.delete(f"/contacts/{alice}"),
        await acme.get("/contacts/find_by_external_id/alice", headers={"Intercom-Version": "2.13"}),
    ):
        assert USER_NOT_FOUND == told(again)
    assert 0 == (await acme.get("/contacts")).json()["total_count"]


async def test_the_identifiers_of_a_deleted_contact_are_taken_for_seven_days(acme: Acme):
    alice = await acme.contact(**ALICE)
    bob = await acme.contact(**BOB)
    await acme.delete(f"/contacts/{alice}")
    archived = taken(alice, "An archived contact")

    acme.clock.pass_(7 * DAY - 1)
    assert [archived] * 3 == [
        told(await acme.post("/contacts", {"email": "Alice@example.com"})),
        told(await acme.post("/contacts", {"external_id": "alice"})),
        told(await acme.put(f"/contacts/{bob}", {"external_id": "alice"})),
    ]

    acme.clock.pass_(1)
    again = await acme.post("/contacts", ALICE)
    assert 200 == again.status_code
    assert taken(again.json()["id"]) == told(await acme.post("/contacts", ALICE))


async def test_a_deleted_contact_s_ledger_stays(acme: Acme):
    alice = await acme.contact(**ALICE)
    await acme.post(f"/contacts/{alice}/subscriptions", {"id": acme.types["opt_in"]})

    await acme.delete(f"/contacts/{alice}")

    assert [("consent.granted", None, acme.types["opt_in"])] == await entries(acme, alice)


async def test_a_deleted_contact_s_profile_is_gone_from_the_store_at_once(acme: Acme):
    await acme.attributes(plan="string")
    alice = await acme.contact(
        **ALICE, phone="+15555550100", avatar="https://example.com/a.png", custom_attributes={"plan": "x"}
    )

    await acme.delete(f"/contacts/{alice}")

    kept = await acme.region.store.contact.find(acme.workspace.id, alice)
    assert {"role": "user"} == {name: value for name, value in kept.profile._asdict().items() if value}


async def test_a_deleted_lead_leaves_no_claim(acme: Acme):
    lead = await acme.contact(role="lead", email="alice@example.com")
    await acme.delete(f"/contacts/{lead}")

    assert 200 == (await acme.post("/contacts", ALICE)).status_code
