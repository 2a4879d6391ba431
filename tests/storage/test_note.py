"""Notes in a store: found by their ids, listed newest first, and ids that nobody else gets."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import NOON, act
from tests.storage.conftest import ACME, created

from sayso.domain import contact, merge, note
from sayso.domain.contact import Contact
from sayso.domain.errors import Stale
from sayso.domain.links import Note
from sayso.service.ports import Store


async def noted(store: Store, person: Contact, note_id: str, at: int = NOON) -> Contact:
    await store.contact.commit(note.create(person, note_id, "1", f"<p>{note_id}</p>", act(int(note_id), at)))
    found = await store.contact.find(ACME, person.id)
    assert found
    return found


async def test_a_note_is_found_by_its_id_in_its_own_workspace_alone(store: Store, workspace):
    alice = await noted(store, await created(store, "alice"), "12")

    assert (alice.id, Note("12", "1", "<p>12</p>", NOON)) == await store.note.find(ACME, "12")
    assert None is await store.note.find("globex", "12")
    assert None is await store.note.find(ACME, "13")
    assert None is await store.note.find(ACME, "999999999999999999")


async def test_notes_come_in_pages_newest_first_whatever_their_numbers(store: Store, workspace):
    alice, bob = await created(store, "alice"), await created(store, "bob")
    for at, note_id in enumerate(("33", "1", "7", "34")):
        alice = await noted(store, alice, note_id, NOON + at)
    alice = await noted(store, alice, "2", NOON + 3)
    await noted(store, bob, "5", NOON + 9)

    pages = [await store.note.page(ACME, alice.id, offset, 2) for offset in (0, 2, 4, 6)]

    assert [["34", "2"], ["7", "1"], ["33"], []] == [[one.id for one in page] for page in pages]
    assert [] == await store.note.page("globex", alice.id, 0, 10)


async def test_a_note_of_a_stale_change_is_nowhere(store: Store, workspace):
    alice = await created(store, "alice")
    await noted(store, alice, "1")

    with pytest.raises(Stale):
        await noted(store, alice, "2")

    assert None is await store.note.find(ACME, "2")


async def test_a_note_follows_its_contact_into_another_and_goes_with_it(store: Store, workspace):
    user, lead = await created(store, "alice"), await noted(store, await created(store), "12")
    rows = (await store.links.of(ACME, user.id), await store.links.of(ACME, lead.id, ["12"]))
    await store.contact.commit_all(merge.merge(user, lead, rows, {}, [act(20, NOON + 1)]))

    assert (user.id, Note("12", "1", "<p>12</p>", NOON)) == await store.note.find(ACME, "12")

    survivor = await store.contact.find(ACME, user.id)
    assert survivor
    await store.contact.commit(contact.delete(survivor, act(21, NOON + 2)))
    assert None is await store.note.find(ACME, "12")


async def test_no_id_is_given_twice(store: Store, workspace):
    async def take() -> range:
        try:
            return range(*await store.note.take_ids(ACME))
        except Stale:
            return range(0)

    taken = [range(*await store.note.take_ids(ACME)), *await asyncio.gather(take(), take(), take())]

    ids = [number for some in taken for number in some]
    assert len(set(ids)) == len(ids) >= 2
    assert 1 == min(ids)
    assert 1 == (await store.note.take_ids("globex"))[0]
