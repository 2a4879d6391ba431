"""Companies in a store: swaps, claims, pages, who belongs to them, and the scroll. What holds here defines the port."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from tests.cast import NOON, act
from tests.conftest import KINDS
from tests.storage.conftest import ACME, created, creation

from sayso.domain import company as rules
from sayso.domain import contact as contacts
from sayso.domain import contact_company, scroll
from sayso.domain.company import CLAIM, Company, CompanyProfile, CompanyState
from sayso.domain.contact import Contact, Profile, Role
from sayso.domain.errors import Stale
from sayso.domain.links import Links, Note
from sayso.service.ports import Store
from sayso.service.ports_company import CompanyFilter, CompanyRow
from sayso.storage.company import memberships
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore

pytestmark = pytest.mark.usefixtures("workspace")

_numbers = count(5_000)


async def kept(store: Store, external_id: str, workspace_id: str = ACME, **profile: object) -> Company:
    company_id = f"{next(_numbers):024x}"
    change = rules.create(workspace_id, company_id, CompanyProfile(external_id, **profile), act())  # type: ignore[arg-type]
    await store.company.commit(change)
    return change.after


async def joined(store: Store, contact: Contact, company: Company) -> Contact:
    change = contact_company.attach(contact, company.id, act(next(_numbers)))
    assert change
    await store.contact.commit(change._replace(joined=(company.id,)))
    return contact.after(change)


async def user_counts(store: Store, *companies: Company) -> dict[str, int]:
    """The number of contacts that each company keeps, which is what its contacts add up to."""
    found = [await store.company.find(ACME, company.id) for company in companies]
    kept = {company.id: company.user_count for company in found if company}
    assert kept == await store.company.count_members(ACME, list(kept))
    return kept


async def holder(store: Store, external_id: str) -> str | None:
    claim = (await store.contact.claims(ACME, {CLAIM: external_id})).get(CLAIM)
    return claim and claim.contact_id


async def test_a_created_company_is_found_as_it_was_given_and_its_id_is_claimed(store: Store):
    profile = CompanyProfile(
        "Ünicode 6",
        name="Blue Sun 🙂",
        plan="Pro",
        size=0,
        website="anything",
        industry="Software",
        monthly_spend=2**31 - 1,
        remote_created_at=0,
        last_request_at=1_700_000_000,
        custom_attributes={"paid": True, "ratio": 155.5, "mates": 9, "none": None},
    )
    change = rules.create(ACME, f"{1:024x}", profile, act())

    await store.company.commit(change)

    assert change.after == await store.company.find(ACME, f"{1:024x}")
    assert f"{1:024x}" == await holder(store, "Ünicode 6")
    assert await store.company.find("globex", f"{1:024x}") is None
    for nobody in ("", "x", f"{1:023x}", f"{1:024X}".replace("1", "A")):
        assert await store.company.find(ACME, nobody) is None


async def test_of_two_companies_with_one_id_the_second_is_stale_and_of_two_changes_too(store: Store):
    company = await kept(store, "one")
    with pytest.raises(Stale):
        await kept(store, "one")
    assert company.id == await holder(store, "one")

    first = rules.update(company, CompanyProfile("one", name="first"), act(2, NOON + 1))
    second = rules.update(company, CompanyProfile("one", name="second"), act(3, NOON + 1))
    assert first
    assert second
    await store.company.commit(first)
    with pytest.raises(Stale):
        await store.company.commit(second)
    assert first.after == await store.company.find(ACME, company.id)


async def test_a_deleted_company_gives_its_id_free_and_is_forgotten_when_told(store: Store):
    company = await kept(store, "gone", name="Gone", plan="Pro")
    other = await kept(store, "other")
    await store.company.forget(ACME, company.id)
    assert company == await store.company.find(ACME, company.id)

    change = rules.delete(company, act(2, NOON + 1))
    await store.company.commit(change)

    assert (CompanyState.DELETED, None) == (change.after.state, change.after.profile.name)
    assert change.after == await store.company.find(ACME, company.id)
    assert [company.id] == await store.company.deleted(ACME)
    assert await holder(store, "gone") is None
    assert [other] == await store.company.page(ACME, CompanyFilter(), 10, 0)
    again = await kept(store, "gone")
    await store.company.forget(ACME, company.id)
    assert await store.company.find(ACME, company.id) is None
    assert (again.id, []) == (await holder(store, "gone"), await store.company.deleted(ACME))


async def test_pages_are_in_the_order_of_the_last_request_or_of_the_ids(store: Store):
    made = [
        await kept(store, f"c{place}", name="twice" if at % 2 else "once", last_request_at=at or None)
        for place, at in enumerate((0, 2, 0, 1))
    ]
    tagged = rules.tag(made[0], "12", act(2))
    assert tagged
    await store.company.commit(tagged)
    made[0] = tagged.after
    await kept(store, "theirs", "globex", name="twice")
    latest = [made[1], made[3], made[2], made[0]]

    async def page(wanted: CompanyFilter, limit: int = 10, offset: int = 0) -> list[Company]:
        return await store.company.page(ACME, wanted, limit, offset)

    assert latest == await page(CompanyFilter())
    assert latest[::-1] == await page(CompanyFilter(ascending=True))
    assert latest[1:3] == await page(CompanyFilter(), 2, 1)
    assert [] == await page(CompanyFilter(), 2, 4)
    assert [made[3]] == await page(CompanyFilter(name="twice"))
    assert [made[0]] == await page(CompanyFilter(tag_id="12"))
    for tag_id in ("1", "2", "21"):
        assert [] == await page(CompanyFilter(tag_id=tag_id))
    counts = [
        await store.company.count(ACME, wanted)
        for wanted in (CompanyFilter(), CompanyFilter(name="once"), CompanyFilter(tag_id="12"))
    ]
    assert [4, 3, 1] == counts
    assert made[1:3] == await store.company.after(ACME, made[0].id, 2)
    assert made == await store.company.after(ACME, "", 10)
    rows = [CompanyRow(company.id, "live", company.profile.external_id) for company in made]
    assert rows[1:3] == await store.company.holders(ACME, made[0].id, 2)
    assert rows[:1] == await store.company.named(ACME, [made[0].id, f"{9:024x}"])


async def test_who_belongs_to_a_company_is_counted_while_live(store: Store):
    company, empty = await kept(store, "full"), await kept(store, "empty")
    members = [await joined(store, await created(store, f"m{number}"), company) for number in range(3)]
    ids = sorted(member.id for member in members)
    assert {company.id: 3, empty.id: 0} == await user_counts(store, company, empty)
    assert ids[1:2] == await store.company.members(ACME, company.id, ids[0], 1, 0)
    assert ids[2:] == await store.company.members(ACME, company.id, "", 5, 2)

    await store.contact.commit(contacts.delete(members[0], act(next(_numbers))))
    left = contact_company.detach(members[1], company.id, act(next(_numbers)))
    assert left
    await store.contact.commit(left)

    assert {company.id: 1} == await user_counts(store, company)
    assert [members[2].id] == await store.company.members(ACME, company.id, "", 5, 0)
    assert [members[2].id] == await store.company.attached(ACME, company.id, 5)
    assert {} == await store.company.count_members(ACME, [])


async def test_several_companies_are_found_at_once_if_they_are_live(store: Store):
    live = [await kept(store, f"one of several {number}", name=f"Company {number}") for number in range(101)]
    gone = await kept(store, "not one of several")
    await store.company.commit(rules.delete(gone, act(2)))
    ids = [*(company.id for company in live), gone.id, "f" * 24]

    found = await store.company.several(ACME, ids)

    assert live == sorted(found, key=lambda company: company.id)
    assert [] == await store.company.several(ACME, [])
    assert [] == await store.company.several("globex", ids)


async def test_nobody_joins_a_company_that_is_not_live(store: Store):
    company = await kept(store, "closing")
    alice, bob = await created(store, "alice"), await created(store, "bob")
    await joined(store, alice, company)

    await store.company.commit(rules.delete(company, act(2)))

    for company_id in (company.id, f"{7:024x}"):
        change = contact_company.attach(bob, company_id, act(next(_numbers)))
        assert change
        with pytest.raises(Stale):
            await store.contact.commit(change._replace(joined=(company_id,)))
    assert bob == await store.contact.find(ACME, bob.id)
    assert [alice.id] == await store.company.attached(ACME, company.id, 5)


def test_changes_of_several_contacts_write_each_company_once_in_the_order_of_keys():
    """So no two transactions wait for each other in a circle."""
    one, two, three = (f"{number:024x}" for number in (1, 2, 3))
    linked = Links(companies=(two, one))
    alice, bob = (
        Contact(creation(name).after, Profile(Role.USER, external_id=name), NOON, linked) for name in ("alice", "bob")
    )
    joins = contact_company.attach(alice, three, act(1))
    assert joins

    written = memberships([joins._replace(joined=(three,)), contacts.delete(bob, act(2))])

    assert [(-1, one), (-1, two), (1, three)] == [(number, id_.hex()) for number, _, id_ in map(params, written)]
    assert [False, False, True] == [statement.guarded for statement in written]


def test_a_company_that_one_contact_joins_and_another_leaves_is_still_guarded():
    alice, bob = (
        Contact(creation(name).after, Profile(Role.USER, external_id=name), NOON, links)
        for name, links in (("alice", Links()), ("bob", Links(companies=("0" * 24,))))
    )
    joins = contact_company.attach(alice, "0" * 24, act(1))
    assert joins

    written = memberships([joins._replace(joined=("0" * 24,)), contacts.delete(bob, act(2))])

    assert [(0, True)] == [(statement.params[0], statement.guarded) for statement in written]


def params(statement: Statement) -> tuple[int, str, bytes]:
    number, workspace_id, company_id = statement.params
    return number, workspace_id, company_id


async def test_of_two_steps_of_a_scroll_one_is_stale(store: Store):
    assert await store.scroll.find(ACME) is None
    begun = scroll.moved(scroll.begin(None, ACME, "first", NOON), f"{3:024x}", NOON)
    await store.scroll.commit(None, begun)
    with pytest.raises(Stale):
        await store.scroll.commit(None, scroll.moved(scroll.begin(None, ACME, "second", NOON), f"{3:024x}", NOON))
    assert begun == await store.scroll.find(ACME)

    steps = [scroll.moved(begun, f"{place:024x}", NOON + place) for place in (4, 5)]
    outcomes = await asyncio.gather(*(store.scroll.commit(begun, step) for step in steps), return_exceptions=True)

    assert sorted(type(outcome) for outcome in outcomes if outcome) == [Stale]
    held = await store.scroll.find(ACME)
    assert held in steps
    with pytest.raises(Stale):
        await store.scroll.close(begun)
    assert held
    await store.scroll.close(held)
    assert await store.scroll.find(ACME) is None


async def test_a_company_s_notes_are_listed_newest_first_found_by_their_ids_and_gone_with_it(store: Store):
    company = await kept(store, "noted")
    for number in ("31", "32", "33"):
        change = rules.add_note(company, number, "1", f"<p>{number}</p>", act(int(number)))
        await store.company.commit(change)
        company = change.after
    assert company == await store.company.find(ACME, company.id)

    assert (3, ("33", "32", "31")) == company.notes
    assert ["33", "32"] == [note.id for note in await store.company.notes(ACME, company.id, 0, 2)]
    assert ["31"] == [note.id for note in await store.company.notes(ACME, company.id, 2, 2)]
    assert (company.id, Note("31", "1", "<p>31</p>", NOON)) == await store.company.find_note(ACME, "31")
    assert await store.company.find_note("globex", "31") is None
    await store.company.commit(rules.delete(company, act(40)))
    assert [] == await store.company.notes(ACME, company.id, 0, 9)
    assert await store.company.find_note(ACME, "31") is None


@pytest.mark.parametrize("store", [kind for kind in KINDS if kind != "memory"], indirect=True)
async def test_notes_that_an_older_server_left_go_when_the_deleted_company_is_forgotten(store: SqlStore):
    company = await kept(store, "noted")
    change = rules.add_note(company, "31", "1", "", act(31))
    await store.company.commit(change)
    deleted = "UPDATE companies SET state = 'deleted' WHERE workspace_id = $1 AND company_id = $2"
    await store.engine.commit([Statement(deleted, (ACME, bytes.fromhex(company.id)))])

    await store.company.forget(ACME, company.id)

    assert await store.company.find(ACME, company.id) is None
    assert await store.company.find_note(ACME, "31") is None


async def test_of_two_notes_written_at_once_the_second_is_stale(store: Store):
    company = await kept(store, "noted")
    await store.company.commit(rules.add_note(company, "31", "1", "", act(31)))

    with pytest.raises(Stale):
        await store.company.commit(rules.add_note(company, "32", "1", "", act(32)))
    assert await store.company.find_note(ACME, "32") is None
