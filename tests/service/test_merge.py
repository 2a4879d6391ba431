"""Merges beside each other and beside choices, from two processes: what was acknowledged is kept."""

from __future__ import annotations

import asyncio
import random

from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import ContactNotFound, Unavailable
from sayso.domain.merge import ANY_INTO_USERS
from sayso.domain.standing import Choice
from sayso.intercom.attached import attaching
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.storage.store import SqlStore

TYPES = 4
LEADS = 6


async def test_what_leads_withdrew_before_they_were_merged_stays_withdrawn(store: Store):
    regions = [Region.on("us", store, lambda: NOON, RandomIds()) for _ in range(2)]
    one, chance = regions[0], random.Random(7)
    workspace = (await one.workspaces.create("Acme")).id
    types = [(await one.types.create(workspace, draft("opt_out", name=f"T{at}"))).id for at in range(TYPES)]
    user = await one.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, "ada")))
    leads = [await one.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD))) for _ in range(LEADS)]
    withdrawn: set[str] = set()

    async def withdraw(region: Region, contact_id: str, type_id: str) -> None:
        try:
            await region.consent.choose(AUTHOR, workspace, contact_id, type_id, attaching(None))
            withdrawn.add(type_id)
        except (ContactNotFound, Unavailable):
            pass

    async def merge(region: Region, source_id: str) -> int:
        try:
            await region.merges.merge(AUTHOR, workspace, source_id, user.id, duplicates_only=False)
        except (ContactNotFound, Unavailable):
            return 0
        return 1

    acts = [merge(region, lead.id) for lead in leads for region in regions]
    acts += [withdraw(chance.choice(regions), chance.choice(leads).id, chance.choice(types)) for _ in range(12)]
    chance.shuffle(acts)
    done = [found for found in await asyncio.gather(*acts) if found is not None]

    survivor = await store.contact.find(workspace, user.id)
    assert survivor
    assert withdrawn <= {type_id for type_id in types if survivor.head.standing.of(type_id) is Choice.WITHDRAWN}
    merged = [
        record.source_id for record in await store.links.merges(workspace, user.id, None, 999, newest_first=False)
    ]
    assert len(merged) == len(set(merged)) == sum(done)
    # What had to give way to others is merged when it is asked for again.
    for lead in leads:
        await merge(one, lead.id)
    assert sorted(lead.id for lead in leads) == sorted(
        record.source_id for record in await store.links.merges(workspace, user.id, None, 999, newest_first=False)
    )
    assert [] == await damage(store, workspace)


async def test_what_identified_a_user_identifies_the_one_it_was_merged_into(store: Store):
    region = Region.on("us", store, lambda: NOON, RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    user = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, "ada")))
    source = await region.contacts.create(
        AUTHOR, workspace, ContactDraft(Profile(Role.USER, "countess", "ada@example.com"))
    )

    merged = await region.merges.merge(
        AUTHOR, workspace, source.id, user.id, duplicates_only=False, roles=ANY_INTO_USERS
    )

    assert ("ada", "ada@example.com") == (merged.profile.external_id, merged.profile.email)
    claims = await store.contact.claims(workspace, {"email": "ada@example.com", "external_id": "countess"})
    assert {"email": user.id} == {kind: claim.contact_id for kind, claim in claims.items()}
    assert [] == await damage(store, workspace)


async def test_a_merge_waits_for_no_reads_that_others_make_beside_the_loop(store: Store, monkeypatch):
    region = Region.on("us", store, lambda: NOON, RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    user = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, "ada")))
    lead = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD)))
    company = await region.companies.put(AUTHOR, workspace, "big", lambda profile, now: profile)
    await region.contact_companies.attach(AUTHOR, workspace, lead.id, company.id)

    async def refuse(*_: object) -> None:
        raise AssertionError("both contacts' locks are held meanwhile")

    if isinstance(store, SqlStore):
        for name in ("read_many", "read_or_scan", "scan"):
            monkeypatch.setattr(store.engine, name, refuse)
    merged = await region.merges.merge(AUTHOR, workspace, lead.id, user.id, duplicates_only=False)

    assert (company.id,) == merged.links.companies
