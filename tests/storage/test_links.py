"""Tags, companies and notes of a contact: packed in its row, and as rows of their own, in one commit."""

from __future__ import annotations

import pytest
from tests.cast import NOON, act
from tests.storage.conftest import ACME, created

from sayso.domain import contact, contact_company, contact_tag
from sayso.domain.act import Act
from sayso.domain.contact import Change, Contact, linked
from sayso.domain.errors import Stale, TooManyCompanies
from sayso.domain.links import UNLINKED, LinkRows, Links, Membership, Note, NoteList, NoteTime, Tagging
from sayso.service.ports import Store
from sayso.storage.contact import statements
from sayso.storage.postgres_together import choice

PEAR, PLUM = "aa" * 12, "bb" * 12


async def written(store: Store, before: Contact, change: Change | None) -> Contact:
    """The contact after a change, which must be like what the domain says it is."""
    assert change is not None
    await store.contact.commit(change)
    found = await store.contact.find(ACME, before.id)
    assert found == before.after(change)
    assert before.head.revision + 1 == found.head.revision
    assert found in await store.contact.page(ACME, None, 10)
    return found


def noted(person: Contact, note_id: str, body: str, by: Act) -> Change:
    total, newest = person.links.notes
    links = person.links._replace(notes=NoteList(total + 1, (note_id, *newest)[:10]))
    return linked(person, "contact.noted", links, by, put=(Note(note_id, "1", body, by.at),))


async def test_what_is_linked_is_in_the_contact_s_row_and_in_rows_of_its_own(store: Store, workspace):
    alice = await created(store, "alice")
    alice = await written(store, alice, contact_tag.tag(alice, "7", "1", act(1, NOON + 1)))
    alice = await written(store, alice, contact_tag.tag(alice, "3", "1", act(2, NOON + 2)))
    alice = await written(store, alice, contact_company.attach(alice, PEAR, act(3, NOON + 3)))
    alice = await written(store, alice, contact_company.attach(alice, PLUM, act(4, NOON + 4)))
    alice = await written(store, alice, noted(alice, "12", "<p>Hi</p>", act(5, NOON + 5)))
    assert Links(("7", "3"), (PEAR, PLUM), NoteList(1, ("12",))) == alice.links
    assert LinkRows(
        (Tagging("7", NOON + 1, "1"), Tagging("3", NOON + 2, "1")),
        (Membership(PEAR, NOON + 3), Membership(PLUM, NOON + 4)),
        (NoteTime("12", NOON + 5),),
    ) == await store.links.of(ACME, alice.id, ["12"])

    alice = await written(store, alice, contact_tag.untag(alice, "7", act(6, NOON + 6)))
    alice = await written(store, alice, contact_company.detach(alice, PEAR, act(7, NOON + 7)))

    assert (("3",), (PLUM,)) == alice.links[:2]
    rows = await store.links.of(ACME, alice.id)
    assert ([Tagging("3", NOON + 2, "1")], [Membership(PLUM, NOON + 4)]) == (list(rows.tags), list(rows.companies))
    assert [] == await store.ledger.unannounced(ACME, "", None)
    assert [] == await store.ledger.unfounded()


async def test_what_is_so_already_is_no_change(store: Store, workspace):
    alice = await created(store, "alice")
    alice = await written(store, alice, contact_tag.tag(alice, "7", "1", act(1)))
    alice = await written(store, alice, contact_company.attach(alice, PEAR, act(2)))

    assert contact_tag.tag(alice, "7", "1", act(3)) is None
    assert contact_tag.untag(alice, "8", act(3)) is None
    assert contact_company.attach(alice, PEAR, act(3)) is None
    assert contact_company.detach(alice, PLUM, act(3)) is None


async def test_links_decided_on_a_row_that_moved_are_stale_and_leave_no_rows(store: Store, workspace):
    alice = await created(store, "alice")
    changes = [
        contact_tag.tag(alice, "8", "1", act(2)),
        contact_company.attach(alice, PEAR, act(3)),
        noted(alice, "1", "late", act(4)),
    ]
    await written(store, alice, contact_tag.tag(alice, "7", "1", act(1)))

    for change in changes:
        assert change
        with pytest.raises(Stale):
            await store.contact.commit(change)

    rows = await store.links.of(ACME, alice.id)
    assert (["7"], (), ()) == ([row.tag_id for row in rows.tags], *rows[1:])


async def test_a_deleted_contact_keeps_no_links_and_another_one_all_of_its_own(store: Store, workspace):
    people = [await created(store, "alice"), await created(store, "bob")]
    linked = []
    for number, who in enumerate(people):
        person = await written(store, who, contact_tag.tag(who, "7", "1", act(10 + number)))
        member = await written(store, person, contact_company.attach(person, PEAR, act(20 + number)))
        note = noted(member, str(number), "x", act(30 + number))
        linked.append(await written(store, member, note))

    await store.contact.commit(contact.delete(linked[0], act(40)))

    gone, kept = [await store.contact.find(ACME, person.id) for person in people]
    assert gone
    assert UNLINKED == gone.links
    assert LinkRows() == await store.links.of(ACME, people[0].id, ["0"])
    assert linked[1] == kept
    assert [1, 1, 1] == [len(rows) for rows in await store.links.of(ACME, people[1].id, ["1"])]


async def test_the_row_names_the_ten_newest_notes(store: Store, workspace):
    alice = await created(store, "alice")
    for number in range(12):
        alice = await written(store, alice, noted(alice, str(number), "x", act(1 + number)))

    assert NoteList(12, tuple(str(number) for number in range(11, 1, -1))) == alice.links.notes
    assert 12 == len(await store.note.page(ACME, alice.id, 0, 20))


async def test_of_a_contact_s_notes_those_that_are_named_are_read_without_their_text(store: Store, workspace):
    alice, bob = [await created(store, name) for name in ("alice", "bob")]
    for number in range(3):
        alice = await written(store, alice, noted(alice, str(number), "x", act(1 + number, NOON + number)))
    await written(store, bob, noted(bob, "7", "x", act(9)))

    rows = await store.links.of(ACME, alice.id, ["2", "0", "7", "8"])

    assert (NoteTime("0", NOON), NoteTime("2", NOON + 2)) == rows.notes
    assert () == (await store.links.of(ACME, alice.id)).notes


async def test_a_change_of_links_never_shares_the_statement_of_choices(store: Store, workspace):
    alice = await created(store, "alice")

    assert choice(statements(contact_tag.tag(alice, "7", "1", act()))) is None


async def test_a_contact_belongs_to_a_thousand_companies_at_most(store: Store, workspace):
    alice = await created(store, "alice")
    full = Contact(alice.head, alice.profile, alice.created_at, Links((), tuple(f"{n:024x}" for n in range(1_000))))

    with pytest.raises(TooManyCompanies, match="Contact has reached the maximum of 1000 company associations"):
        contact_company.attach(full, PEAR, act())
    assert contact_company.attach(full, f"{999:024x}", act()) is None
