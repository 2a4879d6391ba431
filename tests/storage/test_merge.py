"""A merge is one transaction over both contacts, and what was written holds."""

from __future__ import annotations

import pytest
from tests.cast import NOON, act
from tests.storage.conftest import ACME, created

from sayso.domain import archive, company, consent, contact_company, contact_tag, merge, note
from sayso.domain.consent import Wish
from sayso.domain.contact import Change, Contact, ContactDraft, ContactState, Profile, Role, update
from sayso.domain.errors import Stale
from sayso.domain.links import LinkRows, MergeRecord, NoteList
from sayso.domain.standing import Choice
from sayso.service.ports import Store, Stored
from sayso.service.verify import verify

PEAR, PLUM = "aa" * 12, "bb" * 12


@pytest.fixture
async def orchard(store: Store, workspace) -> None:
    """The companies pear and plum."""
    for number, company_id in enumerate((PEAR, PLUM)):
        await store.company.commit(company.create(ACME, company_id, company.CompanyProfile(f"c{number}"), act()))


async def written(store: Store, before: Contact, change: Change | None) -> Contact:
    assert change is not None
    await store.contact.commit(change)
    found = await store.contact.find(ACME, before.id)
    assert before.after(change) == found
    return found


async def found(store: Store, contact: Contact) -> Contact:
    now = await store.contact.find(ACME, contact.id)
    assert now
    return now


async def decided(store: Store, user: Contact, lead: Contact, first: int, **claims: object) -> merge.Merge:
    rows = [await store.links.of(ACME, one.id, one.links.notes.newest) for one in (user, lead)]
    acts = [act(first + number, NOON + 10) for number in range(merge.acts_needed(lead.head.standing))]
    return merge.merge(user, lead, (rows[0], rows[1]), {}, acts)


async def linked(store: Store, person: Contact, first: int, tags: str, companies: list[str]) -> Contact:
    for at, tag in enumerate(tags):
        person = await written(store, person, contact_tag.tag(person, tag, "1", act(first + at, NOON + at)))
    for at, company_id in enumerate(companies):
        person = await written(store, person, contact_company.attach(person, company_id, act(first + 10 + at)))
    made = note.create(person, str(first), "1", f"note {first}", act(first + 20, NOON + first))
    return await written(store, person, made)


async def test_a_merge_moves_all_that_was_the_lead_s_and_leaves_both_chains_whole(store: Store, orchard, newsletter):
    user = await linked(store, await created(store, "alice"), 100, "78", [PEAR])
    lead = await linked(store, await created(store), 200, "97", [PLUM, PEAR])
    wish = Wish(Choice.WITHDRAWN)
    lead = await written(store, lead, consent.decide(lead.head, newsletter, wish, act(300)))
    named = ContactDraft(Profile(Role.LEAD, email="alice@example.com"), unsubscribed_from_emails=True)
    lead = await written(store, lead, update(lead, named, {}, act(301)))

    both = await decided(store, user, lead, 400)
    await store.contact.commit_all(both)

    survivor, gone = [await store.contact.find(ACME, one.id) for one in (user, lead)]
    assert [user.after(both.survivor), lead.after(both.gone)] == [survivor, gone]
    assert survivor
    assert gone
    assert (("7", "8", "9"), (PEAR, PLUM), NoteList(2, ("200", "100"))) == survivor.links
    rows = await store.links.of(ACME, user.id)
    assert ["7", "8", "9"] == sorted(row.tag_id for row in rows.tags)
    assert [PEAR, PLUM] == sorted(row.company_id for row in rows.companies)
    assert ["note 200", "note 100"] == [note.body for note in await store.note.page(ACME, user.id, 0, 10)]
    assert LinkRows() == await store.links.of(ACME, lead.id, ["100", "200"])
    assert [MergeRecord(lead.id, "lead", NOON + 10)] == await store.links.merges(
        ACME, user.id, None, 9, newest_first=True
    )
    assert (ContactState.MERGED, user.id) == (gone.head.state, gone.profile.merged_into)
    assert {"email": user.id} == {
        kind: claim.contact_id
        for kind, claim in (await store.contact.claims(ACME, {"email": "alice@example.com"})).items()
    }
    chain = await store.ledger.chain(ACME, user.id)
    assert ["subject.merged", "consent.withdrawn", "channel.unsubscribed_all"] == [
        one.entry.event for one in chain if isinstance(one, Stored)
    ]
    assert [] == (await verify(store, ACME)).problems


async def test_merges_are_read_page_by_page_in_either_order(store: Store, workspace):
    user, other = await created(store, "alice"), await created(store, "bob")
    merged = []
    for number, at in enumerate((NOON, NOON + 1, NOON + 1, NOON + 2)):
        lead = await created(store)
        await store.contact.commit_all(merge.merge(user, lead, (LinkRows(), LinkRows()), {}, [act(500 + number, at)]))
        merged.append(MergeRecord(lead.id, "lead", at))
        user = await found(store, user)
    merged.sort(key=lambda record: (record.merged_at, record.source_id))

    for newest_first, expected in ((False, merged), (True, merged[::-1])):
        walked: list[MergeRecord] = []
        while len(walked) < 4:
            after = (walked[-1].merged_at, walked[-1].source_id) if walked else None
            page = await store.links.merges(ACME, user.id, after, 3, newest_first=newest_first)
            assert expected[len(walked) : len(walked) + 3] == page
            walked += page
        assert [] == await store.links.merges(
            ACME, user.id, (walked[-1].merged_at, walked[-1].source_id), 3, newest_first=newest_first
        )
    assert [] == await store.links.merges(ACME, other.id, None, 3, newest_first=True)
    assert [] == await store.links.merges("globex", user.id, None, 3, newest_first=True)


@pytest.mark.parametrize("moved", ["user", "lead"])
async def test_a_merge_on_a_row_that_moved_leaves_nothing_of_either(store: Store, orchard, moved: str):
    user, lead = await created(store, "alice"), await linked(store, await created(store), 200, "9", [PLUM])
    both = await decided(store, user, lead, 400)
    moving = {"user": user, "lead": lead}[moved]
    after = await written(store, moving, contact_tag.tag(moving, "5", "1", act(500)))

    with pytest.raises(Stale):
        await store.contact.commit_all(both)

    kept = {"user": user, "lead": lead} | {moved: after}
    assert [kept["user"], kept["lead"]] == [await store.contact.find(ACME, one.id) for one in (user, lead)]
    assert [] == await store.links.merges(ACME, user.id, None, 9, newest_first=True)
    assert [] == await store.ledger.chain(ACME, user.id)


async def test_an_archived_contact_keeps_its_claims_and_comes_back_as_it_was(store: Store, workspace):
    alice = await linked(store, await created(store, "alice", email="alice@example.com"), 100, "7", [PEAR])
    away = await written(store, alice, archive.archive(alice, act(200, NOON + 5)))

    wanted = {"email": "alice@example.com", "external_id": "alice"}
    assert {ContactState.ARCHIVED} == {claim.state for claim in (await store.contact.claims(ACME, wanted)).values()}
    assert [] == await store.contact.page(ACME, None, 10)
    assert 0 == await store.contact.count(ACME)
    assert await store.contact.standing(ACME, alice.id) is None
    assert [] == (await verify(store, ACME)).problems

    back = await written(store, away, archive.unarchive(away, act(201, NOON + 6)))

    assert {ContactState.LIVE} == {claim.state for claim in (await store.contact.claims(ACME, wanted)).values()}
    assert (alice.profile, alice.links, alice.created_at) == (back.profile, back.links, back.created_at)
    assert [] == (await verify(store, ACME)).problems


@pytest.mark.parametrize("moved", [None, "company"])
async def test_a_survivor_joins_only_companies_that_are_live(store: Store, orchard, moved: str | None):
    user, lead = await created(store, "alice"), await linked(store, await created(store), 200, "", [PLUM])
    both = await decided(store, user, lead, 400)
    if moved:
        held = await store.company.find(ACME, PLUM)
        await store.company.commit(company.delete(held, act(2)))
        with pytest.raises(Stale):
            await store.contact.commit_all(both)
    else:
        await store.contact.commit_all(both)

    survivor = await store.contact.find(ACME, user.id)
    assert (() if moved else (PLUM,)) == survivor.links.companies
