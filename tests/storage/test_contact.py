"""Contacts in a store: swaps, claims, pages. What holds here defines the port."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.cast import NOON, act, draft
from tests.storage.conftest import ACME, created, creation, keep_type

from sayso.domain import consent
from sayso.domain import contact as contacts
from sayso.domain import subscription_type as types
from sayso.domain.access import Workspace
from sayso.domain.archive import archive
from sayso.domain.consent import Wish
from sayso.domain.contact import CLAIM_GRACE, Change, Claim, Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.errors import DuplicateContact, Stale
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import SubscriptionType, TypeId
from sayso.service.ids import RandomIds
from sayso.service.ports import Store, Stored
from sayso.service.region import Region

pytestmark = pytest.mark.usefixtures("workspace")


def granting(head: Head, type_: SubscriptionType, number: int = 77) -> Change:
    change = consent.decide(head, type_, Wish(Choice.GRANTED), act(number))
    assert change
    return change


async def renaming(store: Store, contact: Contact, number: int = 78, **fields: str) -> Change:
    renamed = ContactDraft(contact.profile._replace(**fields))
    claims = await store.contact.claims(ACME, renamed.profile.identifiers())
    change = contacts.update(contact, renamed, claims, act(number))
    assert change
    return change


async def found(store: Store, contact: Contact) -> Contact:
    kept = await store.contact.find(ACME, contact.id)
    assert kept
    return kept


async def entries(store: Store, contact: Contact) -> list[int]:
    return [row.entry.seq for row in await store.ledger.chain(ACME, contact.id) if isinstance(row, Stored)]


async def test_contacts_of_one_state_are_listed_and_counted_in_order_of_creation(store: Store):
    kept = [await created(store, name, at=NOON + at) for at, name in enumerate(("ada", "bob", "eve"))]
    for number, contact in enumerate(kept[1:], 90):
        await store.contact.commit(archive(contact, act(number)))
    archived = ContactState.ARCHIVED

    first = await store.contact.page(ACME, None, 1, archived)
    rest = await store.contact.page(ACME, (first[0].created_at, first[0].id), 10, archived)

    assert [contact.id for contact in kept[1:]] == [contact.id for contact in first + rest]
    assert {archived} == {contact.head.state for contact in first + rest}
    assert (1, 2, 0) == tuple(
        [await store.contact.count(ACME, state) for state in (ContactState.LIVE, archived, ContactState.DELETED)]
    )
    assert [] == await store.contact.page("globex", None, 10, archived)


async def test_a_created_contact_is_found_as_it_was_given(store: Store):
    profile = Profile(
        Role.USER,
        external_id="alice",
        email="Alice@Example.com",
        phone="+15555550100",
        name="Älice 🙂",
        avatar="https://example.com/a.png",
        owner_id="1",
        signed_up_at=0,
        last_seen_at=2**31 - 1,
        language_override="de",
        custom_attributes={"plan": "paid", "seats": 3, "ratio": 0.1, "trial": False, "none": None},
    )
    change = contacts.create(creation("alice").before, ContactDraft(profile, True), {}, act(5))

    await store.contact.commit(change)

    assert Contact(change.after, profile, NOON) == await store.contact.find(ACME, change.before.id)
    assert change.after == await store.contact.head(ACME, change.before.id)
    assert "!email" == await store.contact.standing(ACME, change.before.id)


async def test_what_is_not_there_is_none(store: Store):
    assert await store.contact.find(ACME, "nobody") is None
    assert await store.contact.head(ACME, "nobody") is None
    assert await store.contact.standing(ACME, "nobody") is None
    assert {} == await store.contact.claims(ACME, {"email": "nobody@example.com"})


async def test_another_workspace_sees_nothing_of_it(store: Store):
    contact = await created(store, "alice")

    assert await store.contact.find("globex", contact.id) is None
    assert await store.contact.standing("globex", contact.id) is None
    assert {} == await store.contact.claims("globex", {"external_id": "alice"})
    assert 0 == await store.contact.count("globex")
    assert [] == await store.contact.page("globex", None, 10)


async def test_every_change_raises_the_revision_by_one(store: Store, newsletter: SubscriptionType):
    contact = await created(store, "alice")

    await store.contact.commit(granting(contact.head, newsletter))
    await store.contact.commit(await renaming(store, await found(store, contact), name="Alice"))

    assert 3 == (await found(store, contact)).head.revision


async def test_a_change_decided_on_an_older_revision_is_stale_and_writes_nothing(
    store: Store, newsletter: SubscriptionType
):
    contact = await created(store, "alice")
    await store.contact.commit(granting(contact.head, newsletter, 1))

    with pytest.raises(Stale):
        await store.contact.commit(granting(contact.head, newsletter, 2))

    assert 2 == (await found(store, contact)).head.revision
    assert [1] == await entries(store, contact)


async def test_a_change_decided_on_an_older_revision_of_the_type_is_stale(store: Store, newsletter: SubscriptionType):
    contact = await created(store, "alice")
    reworded = types.update(newsletter, draft("opt_in", name="Another name"), NOON)
    assert reworded
    await keep_type(store, reworded)

    with pytest.raises(Stale):
        await store.contact.commit(granting(contact.head, newsletter))
    await store.contact.commit(granting(contact.head, reworded.after))

    assert [1] == await entries(store, contact)


async def test_a_change_decided_on_a_type_that_was_never_kept_is_stale(store: Store, newsletter: SubscriptionType):
    contact = await created(store, "alice")

    with pytest.raises(Stale):
        await store.contact.commit(granting(contact.head, replace(newsletter, id=TypeId("99"))))

    assert [] == await entries(store, contact)


async def test_a_contact_with_the_same_id_is_stale(store: Store):
    contact = await created(store, "alice")

    with pytest.raises(Stale):
        await store.contact.commit(creation("bob", contact_id=contact.id))

    assert "alice" == (await found(store, contact)).profile.external_id
    assert {} == await store.contact.claims(ACME, {"external_id": "bob"})


async def test_a_new_contact_holds_its_identifiers(store: Store):
    contact = await created(store, "alice", email="Alice@Example.com")

    claims = await store.contact.claims(ACME, {"external_id": "alice", "email": "alice@example.com"})

    held = {kind: (claim.contact_id, claim.state, claim.at) for kind, claim in claims.items()}
    assert {"external_id": (contact.id, "live", NOON), "email": (contact.id, "live", NOON)} == held


async def test_a_claim_that_is_taken_is_stale_and_nothing_of_the_contact_is_written(store: Store):
    await created(store, "alice", email="shared@example.com")
    second = creation("bob", email="shared@example.com")

    with pytest.raises(Stale):
        await store.contact.commit(second)

    assert await store.contact.find(ACME, second.before.id) is None
    assert {} == await store.contact.claims(ACME, {"external_id": "bob"})
    assert [] == await store.ledger.unannounced(ACME, "", None)
    assert 1 == await store.contact.count(ACME)


async def test_claims_are_rolled_back_when_the_contact_has_moved(store: Store, newsletter: SubscriptionType):
    contact = await created(store, "alice", email="old@example.com")
    moving = await renaming(store, contact, email="new@example.com")
    await store.contact.commit(granting(contact.head, newsletter))

    with pytest.raises(Stale):
        await store.contact.commit(moving)

    held = await store.contact.claims(ACME, {"email": "old@example.com"})
    assert contact.id == held["email"].contact_id
    assert {} == await store.contact.claims(ACME, {"email": "new@example.com"})
    assert "old@example.com" == (await found(store, contact)).profile.email


async def test_a_changed_identifier_releases_the_old_one(store: Store):
    contact = await created(store, "alice", email="old@example.com")

    await store.contact.commit(await renaming(store, contact, email="new@example.com"))
    successor = await created(store, "bob", email="old@example.com")

    assert contact.id == (await store.contact.claims(ACME, {"email": "new@example.com"}))["email"].contact_id
    assert successor.id == (await store.contact.claims(ACME, {"email": "old@example.com"}))["email"].contact_id


async def test_a_deleted_contact_keeps_its_identifiers_marked(store: Store):
    contact = await created(store, "alice")

    await store.contact.commit(contacts.delete(contact, act(9, NOON + 1)))

    claim = Claim("external_id", "alice", contact.id, ContactState.DELETED, NOON + 1)
    assert {"external_id": claim} == await store.contact.claims(ACME, {"external_id": "alice"})
    assert await store.contact.standing(ACME, contact.id) is None
    assert ContactState.DELETED == (await found(store, contact)).head.state
    assert Profile(Role.USER) == (await found(store, contact)).profile
    assert 0 == await store.contact.count(ACME)
    assert [] == await store.contact.page(ACME, None, 10)


async def test_an_expired_claim_is_taken_over_once(store: Store):
    contact = await created(store, "alice")
    await store.contact.commit(contacts.delete(contact, act(9)))
    later = NOON + CLAIM_GRACE
    expired = await store.contact.claims(ACME, {"external_id": "alice"})
    rivals = [creation("alice", at=later, claims=expired), creation("alice", at=later, claims=expired)]

    await store.contact.commit(rivals[0])
    with pytest.raises(Stale):
        await store.contact.commit(rivals[1])

    claims = await store.contact.claims(ACME, {"external_id": "alice"})
    assert Claim("external_id", "alice", rivals[0].before.id, ContactState.LIVE, later) == claims["external_id"]
    assert await store.contact.find(ACME, rivals[1].before.id) is None


async def test_of_two_creations_with_one_identifier_exactly_one_wins(store: Store):
    region = Region.on("us", store, lambda: NOON, RandomIds())
    author = act().author
    wanted = ContactDraft(Profile(Role.USER, external_id="alice", email="alice@example.com"))

    outcomes = await asyncio.gather(
        *(region.contacts.create(author, ACME, wanted) for _ in range(16)), return_exceptions=True
    )

    made = [outcome for outcome in outcomes if isinstance(outcome, Contact)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, DuplicateContact)]
    assert (1, 15) == (len(made), len(refused))
    assert {made[0].id} == {refusal.contact_id for refusal in refused}
    assert 1 == await store.contact.count(ACME)


async def test_a_page_is_in_the_order_of_creation_and_then_of_ids(store: Store):
    c, a, b, d = ids = ["cc", "aa", "bb", "dd"]
    for contact_id, at in zip(ids, (NOON, NOON + 2, NOON + 2, NOON + 1), strict=True):
        await created(store, contact_id=contact_id, at=at)

    assert [c, d, a, b] == [contact.id for contact in await store.contact.page(ACME, None, 10)]
    assert [a, b] == [contact.id for contact in await store.contact.page(ACME, (NOON + 1, d), 10)]
    assert [a] == [contact.id for contact in await store.contact.page(ACME, (NOON + 1, d), 1)]
    assert 4 == await store.contact.count(ACME)


async def test_a_walk_meets_every_contact_once_while_others_are_added(store: Store):
    first = [(await created(store, at=NOON + number)).id for number in range(10)]
    seen: list[str] = []
    after = None
    while page := await store.contact.page(ACME, after, 3):
        seen += [contact.id for contact in page]
        after = (page[-1].created_at, page[-1].id)
        if len(seen) < 10:
            await created(store, at=NOON - 1)
            first.append((await created(store, at=NOON + 100 + len(seen))).id)

    assert first == seen


async def test_a_contact_without_a_choice_has_no_entries_but_is_announced(store: Store):
    contact = await created(store, "alice")

    assert [] == await entries(store, contact)
    assert [] == await store.ledger.unannounced(ACME, "", None)


async def test_the_ledger_gives_back_what_was_written(store: Store, newsletter: SubscriptionType, workspace: Workspace):
    contact = await created(store, "alice")
    change = granting(contact.head, newsletter)
    await store.contact.commit(change)

    stored = await store.ledger.chain(ACME, contact.id)

    assert [Stored(contact.id, change.entries[0], change.entries[0].hash(None))] == stored
    assert stored == await store.ledger.stored(ACME, "", contact.id)
    assert [] == await store.ledger.stored(ACME, contact.id, "g")
    head = await store.ledger.head(ACME, contact.id)
    assert head == (await store.ledger.heads(ACME, "", 10))[0]
    assert (1, change.after.chain.hash, "1g") == (head.seq, head.hash, head.standing)
