"""Companies: what a deletion leaves, whatever ends it; and acts that race."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.cast import AUTHOR, Clock

from sayso.domain.company import Company, CompanyProfile
from sayso.domain.contact import Change, ContactDraft, ContactState, Profile, Role
from sayso.domain.errors import CompanyNotFound, Unavailable
from sayso.domain.user_count import additions
from sayso.service import company as companies
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_company import CompanyFilter
from sayso.service.region import Region


@pytest.fixture
async def region(store: Store) -> Region:
    return Region.on("us", store, Clock(), RandomIds())


@pytest.fixture
async def workspace(region: Region) -> str:
    return (await region.workspaces.create("Acme")).id


def same(profile: CompanyProfile, now: int) -> CompanyProfile:
    return profile


async def filled(region: Region, workspace: str, members: int) -> tuple[str, list[str]]:
    """A company and its contacts; the first of them is archived, and leaves it like the others."""
    company = (await region.companies.put(AUTHOR, workspace, "big", same)).id
    contacts = []
    for number in range(members):
        profile = Profile(Role.USER, external_id=f"member{number}")
        contacts.append((await region.contacts.create(AUTHOR, workspace, ContactDraft(profile))).id)
    for contact in contacts:
        await region.contact_companies.attach(AUTHOR, workspace, contact, company)
    await region.contacts.archive(AUTHOR, workspace, contacts[0])
    return company, contacts


async def belonging(region: Region, workspace: str, contacts: list[str]) -> list[str]:
    """The contacts whose rows still name a company."""
    found = [await region.store.contact.find(workspace, contact) for contact in contacts]
    return [contact.id for contact in found if contact and contact.links.companies]


async def test_a_deletion_detaches_every_contact_and_leaves_nothing(region: Region, workspace: str, monkeypatch):
    monkeypatch.setattr(companies, "PORTION", 2)
    company, contacts = await filled(region, workspace, 5)

    await region.companies.delete(AUTHOR, workspace, company)

    assert [] == await belonging(region, workspace, contacts)
    assert [] == await region.store.company.attached(workspace, company, 10)
    assert await region.store.company.find(workspace, company) is None
    kept = [await region.store.contact.find(workspace, contact) for contact in contacts]
    assert {ContactState.LIVE, ContactState.ARCHIVED} == {contact.head.state for contact in kept if contact}
    with pytest.raises(CompanyNotFound):
        await region.companies.delete(AUTHOR, workspace, company)


async def test_a_deletion_writes_the_company_s_row_for_none_of_its_contacts(
    region: Region, workspace: str, monkeypatch
):
    company, contacts = await filled(region, workspace, 3)
    commit, changes = region.store.contact.commit, []

    async def record(change: Change) -> None:
        changes.append(change)
        await commit(change)

    monkeypatch.setattr(region.store.contact, "commit", record)
    await region.companies.delete(AUTHOR, workspace, company)

    assert sorted(contacts) == sorted(change.before.id for change in changes)
    assert not any(additions(change) for change in changes)


async def test_what_a_thousand_contacts_leave_over_is_detached_after_the_answer(
    region: Region, workspace: str, monkeypatch
):
    monkeypatch.setattr(companies, "PORTION", 1)
    monkeypatch.setattr(companies, "BEFORE_THE_ANSWER", 2)
    company, contacts = await filled(region, workspace, 5)

    await region.companies.delete(AUTHOR, workspace, company)
    with pytest.raises(CompanyNotFound):
        await region.companies.find(workspace, company)
    await asyncio.gather(*region.companies.background.tasks)

    assert [] == await belonging(region, workspace, contacts)
    assert await region.store.company.find(workspace, company) is None


class Cut(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("again", ["by the same request", "by the next process"])
async def test_a_deletion_that_was_cut_short_is_taken_up(
    region: Region, workspace: str, monkeypatch: pytest.MonkeyPatch, after: int, again: str
):
    monkeypatch.setattr(companies, "PORTION", 1)
    company, contacts = await filled(region, workspace, 3)
    commit, written = region.store.contact.commit, 0

    async def commit_some(*what):
        nonlocal written
        if written == after:
            raise Cut
        written += 1
        await commit(*what)

    with monkeypatch.context() as cut:
        cut.setattr(region.store.contact, "commit", commit_some)
        cut.setattr(region.store.company, "forget", commit_some)
        with pytest.raises(Cut):
            await region.companies.delete(AUTHOR, workspace, company)

    # Nobody finds it, nobody joins it, and another may have its id.
    assert 3 - after == len(await belonging(region, workspace, contacts))
    for contact in contacts[1:]:
        with pytest.raises(CompanyNotFound):
            await region.contact_companies.attach(AUTHOR, workspace, contact, company)
        assert [] == (await region.contact_companies.companies(workspace, contact, 1, 10)).companies
    heir = (await region.companies.put(AUTHOR, workspace, "big", same)).id
    following = Region.on("us", region.store, Clock(), RandomIds())
    if again == "by the same request":
        await following.companies.delete(AUTHOR, workspace, company)
    else:
        following.companies.take_up()
        await asyncio.gather(*following.companies.background.tasks)

    assert [] == await belonging(region, workspace, contacts)
    assert await region.store.company.find(workspace, company) is None
    assert (await region.companies.find(workspace, heir)).user_count == 0


async def test_whoever_joins_while_the_company_is_deleted_belongs_to_it_no_more(region: Region, workspace: str):
    """Two processes: acts on one contact do not queue between them."""
    company, contacts = await filled(region, workspace, 8)
    other = Region.on("us", region.store, Clock(), RandomIds())
    for contact in contacts[4:]:
        await region.contact_companies.detach(AUTHOR, workspace, contact, company)

    joining = (other.contact_companies.attach(AUTHOR, workspace, contact, company) for contact in contacts[4:])
    outcomes = await asyncio.gather(
        region.companies.delete(AUTHOR, workspace, company), *joining, return_exceptions=True
    )

    assert outcomes[0] is None
    assert all(isinstance(one, (Company, CompanyNotFound, Unavailable)) for one in outcomes[1:])
    await asyncio.gather(*region.companies.background.tasks)
    assert [] == await belonging(region, workspace, contacts)
    assert [] == await region.store.company.attached(workspace, company, 10)


async def test_of_many_who_create_one_company_all_get_the_same(region: Region, workspace: str):
    other = Region.on("us", region.store, Clock(), RandomIds())

    def plan(number: int):
        return lambda profile, _: replace(profile, custom_attributes={**profile.custom_attributes, str(number): True})

    made = await asyncio.gather(
        *((region, other)[number % 2].companies.put(AUTHOR, workspace, "one", plan(number)) for number in range(6))
    )

    (company_id,) = {company.id for company in made}
    kept = await region.companies.find(workspace, company_id)
    assert {str(number): True for number in range(6)} == kept.profile.custom_attributes
    assert 6 == kept.revision


async def test_what_cannot_be_detached_now_is_detached_later(region: Region, workspace: str, monkeypatch):
    monkeypatch.setattr(companies, "PORTION", 1)
    monkeypatch.setattr(companies, "BEFORE_THE_ANSWER", 1)
    company, contacts = await filled(region, workspace, 3)
    attached, refusals = region.store.company.attached, [1, 2]

    async def refused(*what):
        if refusals and len(await belonging(region, workspace, contacts)) < 3:
            refusals.pop()
            raise Unavailable("not now", retry_after=0)
        return await attached(*what)

    monkeypatch.setattr(region.store.company, "attached", refused)
    await region.companies.delete(AUTHOR, workspace, company)
    await asyncio.gather(*region.companies.background.tasks)

    assert ([], []) == (refusals, await belonging(region, workspace, contacts))


async def test_a_company_is_shown_with_its_count_and_nobody_counts_its_contacts(
    region: Region, workspace: str, monkeypatch
):
    company, (_, contact) = await filled(region, workspace, 2)
    links = region.contact_companies

    async def refuse(*_: object) -> dict[str, int]:
        raise AssertionError("the contacts of a company were counted")

    monkeypatch.setattr(region.store.company, "count_members", refuse)
    shown = [
        await links.detach(AUTHOR, workspace, contact, company),
        await links.attach(AUTHOR, workspace, contact, company),
        await links.attach(AUTHOR, workspace, contact, company),
        await region.companies.find(workspace, company),
        await region.companies.put(AUTHOR, workspace, "big", lambda profile, _: replace(profile, name="Bigger")),
        *(await region.companies.page(workspace, CompanyFilter(), 1, 10)).companies,
        *(await links.companies(workspace, contact, 1, 10)).companies,
    ]

    assert [0, 1, 1, 1, 1, 1, 1] == [one.user_count for one in shown]
    await region.contacts.archive(AUTHOR, workspace, contact)
    assert 0 == (await region.companies.find(workspace, company)).user_count
    assert 0 == (await links.contacts(workspace, company, None, 1, 10)).total
