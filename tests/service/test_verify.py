"""Verification: what is whole is told as such, in ranges, and beside whoever writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.cast import AUTHOR, Clock, draft
from tests.service.conftest import ENTRIES, Ledger, choose, new_contact, write_story

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.ledger import bind
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Translation
from sayso.service import verify as verification
from sayso.service import verify_claims
from sayso.service.ids import RandomIds
from sayso.service.ports import HeadRow, Store, Stored
from sayso.service.region import Region
from sayso.service.verify import Problem, Report, verify
from sayso.storage import store as stores


async def test_a_ledger_that_nobody_touched_is_whole(store: Store):
    await write_story(store)

    assert Report(contacts=4, entries=3 * ENTRIES) == await verify(store)


async def test_many_contacts_are_walked_in_ranges(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verification, "BATCH", 2)
    await write_story(store)

    assert Report(contacts=4, entries=3 * ENTRIES) == await verify(store)


async def test_chains_that_begin_at_once_are_bound_to_their_contacts(store: Store):
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    type_id = (await region.types.create(workspace, draft("opt_in"))).id
    contacts = [await new_contact(region, workspace, number) for number in range(30)]

    for choice in (Choice.GRANTED, Choice.WITHDRAWN):
        await asyncio.gather(*(choose(region, workspace, contact, type_id, choice) for contact in contacts))

    for contact in contacts:
        head, chain = await store.ledger.head(workspace, contact), await store.ledger.chain(workspace, contact)
        assert isinstance(head, HeadRow)
        assert head.binding_key
        bound = [stored.entry.binding for stored in chain if isinstance(stored, Stored)]
        assert [bind(head.binding_key, contact), None] == bound
    assert Report(contacts=30, entries=60) == await verify(store)


async def test_every_way_to_begin_a_chain_binds_it_to_its_contact(store: Store):
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    stopped = ContactDraft(Profile(Role.USER, email="stopped@example.com"), unsubscribed_from_emails=True)
    await region.contacts.create(AUTHOR, workspace, stopped)
    user = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, email="a@example.com")))
    lead = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD, email="a@example.com")))
    await region.merges.merge(AUTHOR, workspace, lead.id, user.id, duplicates_only=True)
    changed = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD, name="Bob")))
    await region.contacts.update(
        AUTHOR, workspace, changed.id, lambda contact: ContactDraft(contact.profile, unsubscribed_from_emails=True)
    )

    assert Report(contacts=4, entries=4) == await verify(store)


def test_a_workspace_that_vanished_is_found(ledger: Ledger):
    ledger.run("DELETE FROM workspaces")

    assert [Problem(ledger.workspace, "", None, "the workspace does not exist, and has rows")] == ledger.problems


async def _move(region: Region, workspace: str, contact: str, number: int) -> None:
    moved = Profile(Role.USER, external_id=f"one{number}", email=f"moved{number}@example.com")
    await region.contacts.update(AUTHOR, workspace, contact, lambda _: ContactDraft(moved))


async def test_what_another_writer_does_meanwhile_is_no_problem(
    sqlite: stores.SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verification, "BATCH", 1)
    monkeypatch.setattr(verify_claims, "BATCH", 1)
    workspace, contacts = await write_story(sqlite)
    region = Region.on("us", sqlite, Clock(), RandomIds())
    beside = stores.sqlite(tmp_path / "sayso.db")
    done = asyncio.Event()
    rounds: list[str] = []

    async def write() -> None:
        # So many that no walk becomes long for all that is new.
        while not done.is_set() and len(rounds) < 30:
            number = len(rounds)
            for contact in contacts:
                await choose(region, workspace, contact, "1", (Choice.GRANTED, Choice.WITHDRAWN)[number % 2])
            await _move(region, workspace, contacts[0], number)
            await region.types.translate(workspace, "1", Translation(f"News {number}", "Reworded", "en"))
            rounds.append(await new_contact(region, workspace, 100 + number))
            if number:
                await region.contacts.delete(AUTHOR, workspace, rounds[-2])

    writing = asyncio.create_task(write())
    reports = []
    while len(reports) < 20 or (len(rounds) < 3 and not writing.done()):
        reports.append(await verify(beside))
    done.set()

    await writing
    await beside.close()
    assert [] == [problem for report in reports for problem in report.problems]
    assert reports[-1].entries > reports[0].entries
