"""Verification of claims: who holds which identifier is what the contacts' rows say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import AUTHOR, Clock
from tests.service.conftest import Ledger, written_by

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.service import verify_claims
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_claims import ClaimRow, HolderRow
from sayso.service.region import Region
from sayso.service.verify import Report, verify
from sayso.service.verify_claims import misclaimed, unclaimed
from sayso.storage.memory import MemoryStore

ADA, BOB, LEAD, GONE = range(4)


async def _people(store: Store) -> tuple[str, list[str]]:
    """Ada with both identifiers, Bob who changed his, a lead with Ada's address, and one who was deleted."""
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    profiles = [
        Profile(Role.USER, external_id="ada", email=" Ada@Example.com"),
        Profile(Role.USER, external_id="bob", email="first@example.com"),
        Profile(Role.LEAD, external_id="a-lead", email="ada@example.com", phone="+49 30 1234567"),
        Profile(Role.USER, external_id="gone", email="gone@example.com"),
    ]
    ids = [(await region.contacts.create(AUTHOR, workspace, ContactDraft(one))).id for one in profiles]
    moved = Profile(Role.USER, external_id="bob", email="BOB@example.com")
    await region.contacts.update(AUTHOR, workspace, ids[BOB], lambda _: ContactDraft(moved))
    await region.contacts.delete(AUTHOR, workspace, ids[GONE])
    return workspace, ids


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return written_by(_people, tmp_path_factory.mktemp("claims"))


def told(ledger: Ledger) -> set[tuple[int | None, str]]:
    """(who, what) of every problem; nobody's identifier is in it."""
    place: dict[str, int | None] = {contact: number for number, contact in enumerate(ledger.contacts)}
    problems = ledger.problems
    for problem in problems:
        assert not any(word in problem.what for word in ("example", "ada", "bob"))
        assert (ledger.workspace, None) == (problem.workspace_id, problem.seq)
    return {(place.get(problem.contact_id), problem.what) for problem in problems}


@pytest.mark.parametrize("batch", [1, 2, 1_000])
async def test_claims_that_nobody_touched_are_whole(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(verify_claims, "BATCH", batch)
    await _people(store)

    assert Report(contacts=4) == await verify(store)


@pytest.mark.parametrize("batch", [1, 2, 1_000])
@pytest.mark.parametrize("kind", ["email", "external_id"])
def test_a_contact_whose_identifier_nobody_claims_is_named(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int, kind: str
):
    monkeypatch.setattr(verify_claims, "BATCH", batch)
    ledger.run("DELETE FROM contact_keys WHERE contact_id = ? AND kind = ?", ledger.contacts[BOB], kind)

    assert {(BOB, f"nobody claims the contact's {kind}")} == told(ledger)


@pytest.mark.parametrize("batch", [1, 2, 1_000])
def test_claims_of_a_contact_that_is_not_there_are_named(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(verify_claims, "BATCH", batch)
    for table in ("contacts", "events"):
        ledger.run(f"DELETE FROM {table} WHERE contact_id = ?", ledger.contacts[ADA])

    expected = {(ADA, f"the contact does not exist, and claims an {kind}") for kind in ("email", "external_id")}
    count = "the count of contacts in state live and role user is 2, but there are 1"
    assert expected | {(None, count)} == told(ledger)


def test_a_claim_that_names_no_contact_is_found(ledger: Ledger):
    ledger.run("INSERT INTO contact_keys VALUES (?, 'email', 'new@example.com', 'nobody', 'live', 0)", ledger.workspace)

    assert {(None, "the contact does not exist, and claims an email")} == told(ledger)


def test_a_claim_given_to_another_contact_is_found_from_both_sides(ledger: Ledger):
    sql = "UPDATE contact_keys SET contact_id = ? WHERE value = 'ada@example.com'"
    ledger.run(sql, ledger.contacts[BOB])

    assert {
        (ADA, "another contact claims the contact's email"),
        (BOB, "the contact claims an email that is not its own"),
    } == told(ledger)


def test_a_claim_that_was_not_given_up_is_found(ledger: Ledger):
    contact = ledger.contacts[BOB]
    sql = "INSERT INTO contact_keys VALUES (?, 'email', 'first@example.com', ?, 'live', 0)"
    ledger.run(sql, ledger.workspace, contact)

    assert {(BOB, "the contact claims an email that is not its own")} == told(ledger)


def test_a_changed_identifier_is_found(ledger: Ledger):
    ledger.run("UPDATE contacts SET email = 'eve@example.com' WHERE contact_id = ?", ledger.contacts[ADA])

    assert {
        (ADA, "nobody claims the contact's email"),
        (ADA, "the contact claims an email that is not its own"),
        (ADA, "the normal form of the contact's email is not the one stored"),
    } == told(ledger)


@pytest.mark.parametrize("change", ["normal_{} = 'other'", "normal_{} = NULL", "normal_{} = x'00'", "{} = x'00'"])
@pytest.mark.parametrize("kind", ["email", "phone"])
def test_a_normal_form_that_is_not_that_of_the_address_is_found(ledger: Ledger, kind: str, change: str):
    ledger.run(f"UPDATE contacts SET {change.format(kind)} WHERE contact_id = ?", ledger.contacts[LEAD])

    assert (LEAD, f"the normal form of the contact's {kind} is not the one stored") in told(ledger)


@pytest.mark.parametrize(("who", "state"), [(ADA, "deleted"), (GONE, "live")])
def test_a_claim_in_another_state_than_its_contact_is_found(ledger: Ledger, who: int, state: str):
    ledger.run("UPDATE contact_keys SET state = ? WHERE contact_id = ?", state, ledger.contacts[who])

    kept = "live" if who == ADA else "deleted"
    expected = {(who, f"the contact is {kept}, and its claim on an {k} is {state}") for k in ("email", "external_id")}
    assert expected == told(ledger)


@pytest.mark.parametrize(
    "change",
    ["kind = 'phone'", "kind = x'00'", "value = x'00'", "value = CAST(x'ff' AS TEXT)", "state = 'none'", "state = 7"],
)
def test_a_claim_that_no_writer_of_ours_can_have_made_is_found(ledger: Ledger, change: str):
    ledger.run(f"UPDATE contact_keys SET {change} WHERE contact_id = ? AND kind = 'email'", ledger.contacts[BOB])

    assert told(ledger)


@pytest.mark.parametrize("change", ["role = 'admin'", "email = x'00'", "external_id = x'00'", "state = 1"])
def test_a_contact_whose_row_says_who_it_is_in_no_known_words_is_named(ledger: Ledger, change: str):
    ledger.run(f"UPDATE contacts SET {change} WHERE contact_id = ?", ledger.contacts[BOB])

    assert (BOB, "the contact's row: its state, its role or an identifier is not valid") in told(ledger)


def test_a_contact_whose_address_cannot_be_read_is_found(ledger: Ledger):
    ledger.run("UPDATE contacts SET email = CAST(x'ff' AS TEXT) WHERE contact_id = ?", ledger.contacts[BOB])

    assert {(None, "the contact's row: a text of it is not UTF-8")} == told(ledger)


def test_claims_of_a_workspace_that_has_nothing_else_are_found(ledger: Ledger):
    for table in ("workspaces", "contacts", "events"):
        ledger.run(f"DELETE FROM {table}")

    assert (None, "the workspace does not exist, and has rows") in told(ledger)


@pytest.mark.parametrize("method", ["holders", "on", "rows", "named"])
async def test_an_identifier_that_moves_between_two_reads_is_no_problem(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str
):
    workspace, ids = await _people(store)
    region = Region.on("us", store, Clock(), RandomIds())
    read, moves = getattr(store.claim, method), 0

    async def move() -> None:
        nonlocal moves
        moves += 1
        moved = Profile(Role.USER, external_id=f"ada{moves}", email=f"ada{moves}@example.com")
        await region.contacts.update(AUTHOR, workspace, ids[ADA], lambda _: ContactDraft(moved))

    async def read_and_move(*place: Any) -> Any:
        found = await read(*place)
        if moves < 5:
            await move()
        return found

    monkeypatch.setattr(store.claim, method, read_and_move)

    assert [] == (await verify(store)).problems
    assert moves


async def test_a_store_in_memory_is_verified_too(monkeypatch: pytest.MonkeyPatch):
    store = MemoryStore()
    workspace, ids = await _people(store)
    monkeypatch.delitem(store.contact.held, (workspace, "external_id", "bob"))

    assert [(ids[BOB], "nobody claims the contact's external_id")] == [
        (problem.contact_id, problem.what) for problem in (await verify(store)).problems
    ]


@pytest.mark.parametrize(
    "at_rest",
    [
        HolderRow("c1", 1, "live", "user", "a", "A@b.c"),
        HolderRow("c1", 1, "live", "user", "a", "A@b.c", shares_email=True),
        HolderRow("c1", 1, "live", "lead", "other", "other@b.c"),
        HolderRow("c1", 1, "deleted", "user", None, None),
    ],
)
def test_a_lead_and_a_deleted_contact_need_no_claims_and_a_user_both(at_rest: HolderRow):
    claims: Any = {("email", "a@b.c"): ClaimRow("email", "a@b.c", "c1", "live")}
    expected = ["nobody claims the contact's external_id"] if at_rest.role == "user" and at_rest.email else []

    assert expected == list(unclaimed(at_rest, claims))
    if at_rest.state == "deleted":
        assert [] == list(misclaimed(ClaimRow("email", "a@b.c", "c1", "deleted"), at_rest))
