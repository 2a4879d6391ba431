"""A contact's deletion: what was the contact's goes with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.conftest import KINDS

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.service.data_event import Named
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage.citus import DISTRIBUTED
from sayso.storage.store import SqlStore

#: The row itself, the claims that stand for a week, and the ledger with its announcements.
STAYS = {"contacts", "contact_keys", "ledger", "events"}

#: More than the contact's row names.
NOTES = 12

#: Tables that say nothing of contacts; bulk tasks do until they are completed.
OTHERS = {"bulk_tasks", "companies", "company_notes", "contact_counts", "scrolls", "idempotency"}

#: What has rows only while more is moved or erased than a transaction does.
PASSING = {"data_event_moves"}


async def filled_in(region: Region, workspace: str) -> dict[str, str]:
    """Two contacts, one a survivor, who have something in every table; by name."""
    company = await region.companies.put(AUTHOR, workspace, "acme", lambda profile, _: replace(profile, name="Acme"))
    made = {}
    for name in ("alice", "bob"):
        profile = Profile(Role.USER, email=f"{name}@example.com")
        user = (await region.contacts.create(AUTHOR, workspace, ContactDraft(profile, True))).id
        lead = (await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD)))).id
        for contact in (lead, user):
            for number in range(NOTES):
                await region.notes.create(AUTHOR, workspace, contact, None, f"<p>{number}</p>")
        await region.contact_tags.tag(AUTHOR, workspace, user, (await region.tags.named(workspace, "VIP")).id, "1")
        await region.contact_companies.attach(AUTHOR, workspace, user, company.id)
        await region.data_events.submit(AUTHOR, workspace, Named(user), "ordered", NOON // 1000, {})
        await region.merges.merge(AUTHOR, workspace, lead, user, duplicates_only=False)
        made[name] = user
    return made


async def rows_of(store: SqlStore, contact_id: str) -> dict[str, int]:
    """How many rows of each table name a contact."""
    found = {}
    for table in {place.table for place in DISTRIBUTED} - OTHERS:
        sql = f"SELECT count(*) FROM {table} WHERE contact_id = $1"
        found[table] = (await store.engine.scan(sql, bytes.fromhex(contact_id)))[0][0]
    return found


@pytest.mark.parametrize("store", [kind for kind in KINDS if kind != "memory"], indirect=True)
async def test_a_deleted_contact_leaves_its_row_its_claims_and_its_ledger_and_nothing_else(store: SqlStore):
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    people = await filled_in(region, workspace)
    before = {name: await rows_of(store, contact) for name, contact in people.items()}
    assert PASSING == {table for table, rows in before["alice"].items() if not rows}
    assert 2 * NOTES == before["alice"]["notes"] == before["alice"]["note_ids"]

    await region.contacts.delete(AUTHOR, workspace, people["alice"])

    assert STAYS == {table for table, rows in (await rows_of(store, people["alice"])).items() if rows}
    assert before["bob"] == await rows_of(store, people["bob"])
