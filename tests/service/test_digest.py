"""Digests of workspaces, on every kind of store and beside writers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.service.conftest import choose, write_story
from tests.sqlite import new_file

from sayso.domain.access import Scope
from sayso.domain.contact import ContactDraft
from sayso.domain.standing import Choice
from sayso.service.digest import TRIES, digest, settled_digest
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.storage import store as stores
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore


async def test_it_is_the_same_whatever_the_page_and_counts_what_is_there(store: Store):
    workspace, contacts = await write_story(store)

    found = await digest(store, workspace)

    heads = await store.ledger.heads(workspace, "", 100)
    settings = await store.settings_log.head(workspace)
    assert (4, 15, settings.seq) == (found.contacts, found.entries, found.settings)
    assert found.changes == sum([await _revision(store, workspace, contact) for contact in contacts])
    assert len(heads) == found.contacts
    for page in (1, 2, 3, 4):
        assert found == await digest(store, workspace, page=page)
    assert 0 == (await digest(store, "nowhere")).contacts


async def _revision(store: Store, workspace: str, contact: str) -> int:
    head = await store.contact.head(workspace, contact)
    assert head
    return head.revision


async def test_any_change_of_a_contact_or_a_setting_changes_it(store: Store):
    workspace, contacts = await write_story(store)
    region = Region.on("us", store, Clock(NOON), RandomIds())
    found = [await digest(store, workspace)]

    await choose(region, workspace, contacts[3], "1", Choice.GRANTED)
    found.append(await digest(store, workspace))
    await region.contacts.archive(AUTHOR, workspace, contacts[3])
    found.append(await digest(store, workspace))
    await region.contacts.delete(AUTHOR, workspace, contacts[2])
    found.append(await digest(store, workspace))
    await region.access.create(workspace, "ci", [Scope.READ], "us")
    found.append(await digest(store, workspace))

    assert len(found) == len({one.sha256 for one in found})


async def test_it_covers_what_the_store_has_of_a_contact(store: Store):
    workspace, contacts = await write_story(store)

    rows = await store.digest.contacts(workspace, b"", 10)

    for contact_id, row in zip(sorted(contacts), rows, strict=True):
        contact = await store.contact.find(workspace, contact_id)
        assert contact
        assert row
        head, profile, chain = contact.head, contact.profile, contact.head.chain
        assert chain.binding_key
        assert (
            bytes.fromhex(contact_id),
            head.state,
            head.revision,
            profile.role,
            profile.external_id,
            profile.email,
            profile.phone,
            bytes.fromhex(chain.subject),
            chain.seq,
            chain.hash,
        ) == row[:-1]
        assert isinstance(row.r, bytes)
        assert 16 == len(row.r)


async def test_a_row_that_cannot_be_read_is_part_of_it(tmp_path: Path):
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    workspace, contacts = await write_story(store)
    whole = await digest(store, workspace)
    for contact in contacts[1:3]:
        await break_row(store, contact)

    found = {page: await digest(store, workspace, page=page) for page in (1, 2, 3, 4, 1_000)}
    assert whole.sha256 != found[1_000].sha256
    assert {found[1_000]} == set(found.values())
    await store.close()


async def break_row(store: SqlStore, contact: str) -> None:
    sql = "UPDATE contacts SET email = CAST(x'ff' AS TEXT) WHERE contact_id = $1"
    await store.engine.commit([Statement(sql, (bytes.fromhex(contact),))])


async def test_contacts_after_a_page_that_cannot_be_read_at_all_are_part_of_it(tmp_path: Path):
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    workspace, contacts = await write_story(store)
    for contact in sorted(contacts)[:3]:
        await break_row(store, contact)
    broken = await digest(store, workspace, page=1)

    sql = "UPDATE contacts SET external_id = 'other' WHERE contact_id = $1"
    await store.engine.commit([Statement(sql, (bytes.fromhex(max(contacts)),))])

    assert 1 == broken.contacts
    assert broken.sha256 != (await digest(store, workspace, page=1)).sha256
    await store.close()


def writing_at(
    monkeypatch: pytest.MonkeyPatch, store: Store, times: int, write: Callable[[], Awaitable[None]]
) -> list[int]:
    """Somebody writes after each of the first pages that are read; how many pages were read."""
    read, pages = store.digest.contacts, [0]

    async def reading(*place: Any) -> Any:
        rows = await read(*place)
        pages[0] += 1
        if pages[0] <= times:
            await write()
        return rows

    monkeypatch.setattr(store.digest, "contacts", reading)
    return pages


async def test_beside_a_writer_it_is_read_until_two_readings_agree(store: Store, monkeypatch: pytest.MonkeyPatch):
    workspace, contacts = await write_story(store)
    region = Region.on("us", store, Clock(NOON), RandomIds())

    async def write() -> None:
        await region.contacts.update(AUTHOR, workspace, contacts[0], lambda c: ContactDraft(c.profile, True))
        await region.contacts.update(AUTHOR, workspace, contacts[0], lambda c: ContactDraft(c.profile, False))

    pages = writing_at(monkeypatch, store, 2, write)

    found = await settled_digest(store, workspace)

    assert 4 == pages[0]
    assert await digest(store, workspace) == found


async def test_of_a_workspace_that_is_written_to_all_the_time_there_is_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    workspace, _ = await write_story(store)
    region = Region.on("us", store, Clock(NOON), RandomIds())

    async def write() -> None:
        await region.access.create(workspace, "ci", [Scope.READ], "us")

    pages = writing_at(monkeypatch, store, 100, write)

    assert None is await settled_digest(store, workspace)
    assert TRIES + 1 == pages[0]
