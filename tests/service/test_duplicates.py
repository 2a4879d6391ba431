"""Two users with one email, from before their addresses were known to be the same: the older one claims it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.cast import AUTHOR, NOON, Clock

from sayso.domain import contact as rules
from sayso.domain.act import Act
from sayso.domain.contact import CLAIM_GRACE, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.errors import DuplicateContact
from sayso.domain.ledger import Chain, origin
from sayso.domain.standing import Standing
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_claims import Duplicate
from sayso.service.region import Region
from sayso.service.verify import verify

EMAIL, SAME = "jos\u00e9@example.com", "Jose\u0301@example.com"


@dataclass
class Pair:
    region: Region
    clock: Clock
    workspace: str
    older: str
    younger: str

    async def update(self, contact: str, **changes: object) -> Profile:
        def draft_of(before: rules.Contact) -> ContactDraft:
            return ContactDraft(before.profile._replace(**changes))

        return (await self.region.contacts.update(AUTHOR, self.workspace, contact, draft_of)).profile

    async def claimed_by(self, email: str = EMAIL) -> str | None:
        held = Profile(Role.USER, email=email).identifiers()
        claim = (await self.region.store.contact.claims(self.workspace, held)).get("email")
        return claim.contact_id if claim else None

    async def found(self, email: str = EMAIL) -> list[str]:
        return [contact.id for contact in await self.region.search.identified(self.workspace, "email", email) or ()]

    async def check(self, *duplicates: Duplicate) -> None:
        """Nothing is wrong, and these are told."""
        report = await verify(self.region.store)
        assert [] == report.problems
        assert [(self.workspace, duplicate) for duplicate in duplicates] == report.duplicates


@pytest.fixture
async def pair(store: Store) -> Pair:
    clock, ids = Clock(), RandomIds()
    region = Region.on("us", store, clock, ids)
    workspace = (await region.workspaces.create("Acme")).id
    older = (await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, "older", EMAIL)))).id
    clock.pass_(1_000)
    # As a migration leaves it.
    younger, chain = ids.contact(NOON), Chain(origin(workspace), ids.subject(), binding_key=ids.binding_key())
    head = Head(workspace, younger, ContactState.LIVE, 0, NOON, chain._replace(contact_id=younger), Standing())
    draft = ContactDraft(Profile(Role.USER, "younger", SAME, shares_email=True))
    await store.contact.commit(rules.create(head, draft, {}, Act(ids.act(NOON), NOON, AUTHOR)))
    return Pair(region, clock, workspace, older, younger)


async def test_both_are_found_and_the_older_one_claims_the_email(pair: Pair):
    assert {pair.older, pair.younger} == set(await pair.found()) == set(await pair.found(SAME))
    assert pair.older == await pair.claimed_by()
    await pair.check(Duplicate(pair.younger, pair.older))


async def test_the_younger_one_is_changed_like_every_user(pair: Pair):
    changed = await pair.update(pair.younger, name="José")
    assert ("José", SAME, True) == (changed.name, changed.email, changed.shares_email)

    changed = await pair.update(pair.younger, email=EMAIL.upper())
    assert (EMAIL.upper(), True) == (changed.email, changed.shares_email)
    await pair.check(Duplicate(pair.younger, pair.older))


async def test_the_younger_one_claims_another_email_and_cannot_have_the_shared_one_back(pair: Pair):
    changed = await pair.update(pair.younger, email="new@example.com")

    assert not changed.shares_email
    assert (pair.younger, pair.older) == (await pair.claimed_by("new@example.com"), await pair.claimed_by())
    assert [pair.older] == await pair.found()
    with pytest.raises(DuplicateContact):
        await pair.update(pair.younger, email=SAME)
    await pair.check()


async def test_the_younger_one_claims_the_email_once_the_older_one_has_another(pair: Pair):
    await pair.update(pair.older, email="new@example.com")
    assert None is await pair.claimed_by()
    await pair.check(Duplicate(pair.younger, None))

    changed = await pair.update(pair.younger, name="José")

    assert (pair.younger, False) == (await pair.claimed_by(), changed.shares_email)
    await pair.check()


async def test_the_younger_one_claims_the_email_a_week_after_the_older_one_was_deleted(pair: Pair):
    await pair.region.contacts.delete(AUTHOR, pair.workspace, pair.older)
    assert (await pair.update(pair.younger, name="José")).shares_email
    assert (pair.older, [pair.younger]) == (await pair.claimed_by(), await pair.found())

    pair.clock.pass_(CLAIM_GRACE)
    await pair.update(pair.younger, name="Jose")

    assert pair.younger == await pair.claimed_by()
    await pair.check()


@pytest.mark.parametrize("how", ["delete", "archive", "block"])
async def test_the_younger_one_goes_and_the_older_one_keeps_the_claim(pair: Pair, how: str):
    await getattr(pair.region.contacts, how)(AUTHOR, pair.workspace, pair.younger)

    assert (pair.older, [pair.older]) == (await pair.claimed_by(), await pair.found())
    await pair.check(*([] if how == "delete" else [Duplicate(pair.younger, pair.older)]))
    if how == "archive":
        await pair.region.contacts.unarchive(AUTHOR, pair.workspace, pair.younger)
        assert {pair.older, pair.younger} == set(await pair.found())
        await pair.check(Duplicate(pair.younger, pair.older))


async def test_a_lead_is_merged_into_the_younger_one(pair: Pair):
    lead = ContactDraft(Profile(Role.LEAD, "lead", SAME))
    source = (await pair.region.contacts.create(AUTHOR, pair.workspace, lead)).id

    merged = await pair.region.merges.merge(AUTHOR, pair.workspace, source, pair.younger, duplicates_only=True)

    assert (SAME, True) == (merged.profile.email, merged.profile.shares_email)
    await pair.check(Duplicate(pair.younger, pair.older))


async def test_a_third_user_with_the_email_is_refused(pair: Pair):
    third = ContactDraft(Profile(Role.USER, "third", f" {EMAIL.upper()}"))
    with pytest.raises(DuplicateContact) as refused:
        await pair.region.contacts.create(AUTHOR, pair.workspace, third)

    assert pair.older == refused.value.contact_id
