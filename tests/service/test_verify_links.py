"""Verification of links: a contact's row and the rows of its tags, companies and notes say the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.cast import AUTHOR, Clock
from tests.conftest import KINDS

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.links import Links, Membership, Note, NoteList, Tagging
from sayso.service import verify_links
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_links import PackedRow
from sayso.service.region import Region
from sayso.service.verify import Report, verify
from sayso.service.verify_links import faults
from sayso.storage.engine import Statement
from sayso.storage.memory import MemoryStore
from sayso.storage.store import SqlStore

ADA, BOB, GONE = range(3)

#: More than a contact's row names.
NOTES = 12


async def write_story(store: Store) -> tuple[str, list[str]]:
    """Three contacts with two tags, two companies and notes each, one of them from a lead; the last one is deleted."""
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    tags = [(await region.tags.named(workspace, name)).id for name in ("vip", "beta")]
    companies = [await _company(region, workspace, name) for name in ("one", "two")]
    people = []
    for name in ("ada", "bob", "gone"):
        contact = await _contact(region, workspace, Profile(Role.USER, external_id=name))
        lead = await _contact(region, workspace, Profile(Role.LEAD))
        for tag in tags:
            await region.contact_tags.tag(AUTHOR, workspace, contact, tag, "1")
        for company in companies:
            await region.contact_companies.attach(AUTHOR, workspace, contact, company)
        for number in range(NOTES):
            await region.notes.create(AUTHOR, workspace, lead if number % 2 else contact, None, "<p>x</p>")
        await region.merges.merge(AUTHOR, workspace, lead, contact, duplicates_only=False)
        people.append(contact)
    await region.contacts.delete(AUTHOR, workspace, people[GONE])
    return workspace, people


async def _contact(region: Region, workspace: str, profile: Profile) -> str:
    return (await region.contacts.create(AUTHOR, workspace, ContactDraft(profile))).id


async def _company(region: Region, workspace: str, name: str) -> str:
    return (await region.companies.put(AUTHOR, workspace, name, lambda profile, _: replace(profile, name=name))).id


async def told(store: Store, workspace: str) -> set[tuple[str, str]]:
    """Contacts, and what is wrong with them."""
    problems = (await verify(store)).problems
    assert {workspace} >= {problem.workspace_id for problem in problems}
    return {(problem.contact_id, problem.what) for problem in problems}


@pytest.mark.parametrize("batch", [1, 2, 1_000])
async def test_links_that_nobody_touched_are_whole(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(verify_links, "BATCH", batch)
    await write_story(store)

    report = await verify(store)

    assert Report(contacts=6, entries=6) == report


#: What is done to the rows of Ada, whose id is $1, and of whom, and what is then told.
BROKEN = [
    ("DELETE FROM contact_tags WHERE contact_id = $1 AND tag_id = '1'", "names what has no row in contact_tags"),
    ("UPDATE contact_tags SET tag_id = '9' WHERE contact_id = $1 AND tag_id = '1'", "contact_tags has a row that"),
    ("UPDATE contacts SET tags = '1 2 9' WHERE contact_id = $1", "names what has no row in contact_tags"),
    ("UPDATE contacts SET tags = '1' WHERE contact_id = $1", "contact_tags has a row that the contact's row"),
    ("UPDATE contacts SET tags = '1 2 1' WHERE contact_id = $1", "names twice what has one row in contact_tags"),
    ("UPDATE contacts SET companies = '' WHERE contact_id = $1", "contact_companies has a row that the contact's"),
    ("DELETE FROM contact_companies WHERE contact_id = $1", "names what has no row in contact_companies"),
    ("UPDATE contacts SET notes = '13 1 3' WHERE contact_id = $1", "counts 13 notes, and notes has 12"),
    ("UPDATE contacts SET notes = '' WHERE contact_id = $1", "counts 0 notes, and notes has 12"),
    ("UPDATE contacts SET notes = '12 99 98' WHERE contact_id = $1", "names other notes than notes has"),
    ("UPDATE contacts SET notes = 'many' WHERE contact_id = $1", "its tags, companies or notes cannot be read"),
    ("DELETE FROM notes WHERE contact_id = $1 AND note_id = 1", "counts 12 notes, and notes has 11"),
    ("DELETE FROM notes WHERE contact_id = $1 AND note_id = 1", "note_ids leads to the contact for note 1, which"),
    ("DELETE FROM note_ids WHERE contact_id = $1 AND note_id = 1", "note_ids does not lead to the contact for its"),
    ("UPDATE note_ids SET note_id = 99 WHERE contact_id = $1 AND note_id = 1", "note_ids leads to the contact for"),
    ("DELETE FROM contacts WHERE contact_id = $1", "the contact does not exist, and has rows in contact_tags"),
    ("DELETE FROM contacts WHERE contact_id = $1", "the contact does not exist, and has rows in notes"),
]

DATABASES = [kind for kind in KINDS if kind != "memory"]


async def run(store: SqlStore, sql: str, *params: Any) -> None:
    await store.engine.commit([Statement(sql, params)])


@pytest.mark.parametrize("store", DATABASES, indirect=True)
async def test_what_a_contact_s_row_and_its_links_say_against_each_other_is_told(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    workspace, people = await write_story(store)
    ada = bytes.fromhex(people[ADA])
    kept = {table: await store.engine.scan(f"SELECT * FROM {table}") for table in TABLES}
    for number, (sql, what) in enumerate(BROKEN):
        monkeypatch.setattr(verify_links, "BATCH", (1, 1_000)[number % 2])
        await run(store, sql, ada)

        found = await told(store, workspace)

        assert any(who == people[ADA] and what in wrong for who, wrong in found), (sql, found)
        # Without her row the count of contacts, which names nobody, is wrong too, and so are those of her companies.
        counts = ("the count of contacts", "the company's row counts")
        assert {people[ADA]} == {who for who, wrong in found if not wrong.startswith(counts)}, sql
        await _put_back(store, kept)
    assert set() == await told(store, workspace)


TABLES = ("contacts", "contact_tags", "contact_companies", "notes", "note_ids")


async def _put_back(store: SqlStore, kept: dict[str, list[Any]]) -> None:
    for table, rows in kept.items():
        await run(store, f"DELETE FROM {table}")
        places = ", ".join(f"${number + 1}" for number in range(len(rows[0])))
        await store.engine.commit([Statement(f"INSERT INTO {table} VALUES ({places})", tuple(row)) for row in rows])


@pytest.mark.parametrize("store", DATABASES, indirect=True)
@pytest.mark.parametrize(
    ("sql", "who"),
    [
        ("INSERT INTO contact_tags VALUES ($1, $2, '1', 0, '1')", GONE),
        ("INSERT INTO contact_companies VALUES ($1, $2, $2, 0)", GONE),
        ("INSERT INTO notes VALUES ($1, $2, 99, NULL, 'x', 0)", GONE),
        ("INSERT INTO note_ids VALUES ($1, 99, $2)", GONE),
        ("UPDATE note_ids SET contact_id = $2 WHERE workspace_id = $1 AND note_id = 1", BOB),
    ],
)
async def test_rows_of_a_contact_that_should_have_none_are_told(store: SqlStore, sql: str, who: int):
    workspace, people = await write_story(store)

    await run(store, sql, workspace, bytes.fromhex(people[who]))

    assert people[who] in {contact for contact, _ in await told(store, workspace)}


@pytest.mark.parametrize(
    ("links", "what"),
    [
        (Links(("9",)), "the contact's row names what has no row in contact_tags"),
        (Links((), ("aa" * 12,)), "the contact's row names what has no row in contact_companies"),
        (Links((), (), NoteList(1, ("9",))), "the contact's row counts 1 notes, and notes has 0"),
    ],
)
async def test_what_a_store_in_memory_names_without_its_row_is_told(links: Links, what: str):
    store = MemoryStore()
    workspace, _ = await write_story(store)
    contact = await _contact(Region.on("us", store, Clock(), RandomIds()), workspace, Profile(Role.LEAD))
    kept = store.contact._contacts
    kept[workspace, contact] = kept[workspace, contact]._replace(links=links)

    assert {(contact, what)} == await told(store, workspace)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (Tagging("9", 0, "1"), "contact_tags has a row that the contact's row does not name"),
        (Membership("aa" * 12, 0), "contact_companies has a row that the contact's row does not name"),
        (Note("99", None, "x", 0), "the contact's row counts 0 notes, and notes has 1"),
    ],
)
async def test_a_row_in_memory_that_the_contact_does_not_name_is_told(row: Any, what: str):
    store = MemoryStore()
    workspace, people = await write_story(store)
    store.contact.linked.setdefault((workspace, people[GONE]), {})[type(row), row[0]] = row

    assert {(people[GONE], what)} == await told(store, workspace)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE contacts SET tags = CAST(x'ff' AS TEXT) WHERE contact_id = $1", "the contact's row: a text of it is"),
        (
            "UPDATE contact_tags SET tag_id = CAST(x'ff' AS TEXT) WHERE contact_id = $1 AND tag_id = '1'",
            "a row of contact",
        ),
        (
            "UPDATE contact_companies SET contact_id = 'odd' WHERE contact_id = $1",
            "what has no row in contact_companies",
        ),
        ("UPDATE contacts SET tags = 7 WHERE contact_id = $1", "contact_tags has a row that the contact's row does"),
        ("UPDATE contacts SET notes = x'00' WHERE contact_id = $1", "its tags, companies or notes cannot be read"),
        ("UPDATE note_ids SET note_id = 'odd' WHERE contact_id = $1 AND note_id = 1", "a row of note_ids: its number"),
    ],
)
async def test_what_no_writer_of_ours_wrote_is_told_and_ends_nothing(store: SqlStore, sql: str, what: str):
    workspace, people = await write_story(store)
    await run(store, "UPDATE contact_tags SET tag_id = '8' WHERE contact_id = $1 AND tag_id = '2'", _id(people[BOB]))

    await run(store, sql, _id(people[ADA]))

    found = await told(store, workspace)
    assert any(what in wrong for _, wrong in found), found
    assert people[BOB] in {contact for contact, _ in found}


def _id(contact: str) -> bytes:
    return bytes.fromhex(contact)


@pytest.mark.parametrize("store", DATABASES, indirect=True)
async def test_what_another_writer_does_meanwhile_is_no_problem(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verify_links, "BATCH", 1)
    workspace, people = await write_story(store)
    region = Region.on("us", store, Clock(), RandomIds())
    done = asyncio.Event()

    async def write() -> int:
        rounds = 0
        while not done.is_set() and rounds < 40:
            lead = await _contact(region, workspace, Profile(Role.LEAD))
            await region.notes.create(AUTHOR, workspace, lead, None, "<p>y</p>")
            await region.contact_tags.untag(AUTHOR, workspace, people[BOB], "1")
            await region.merges.merge(AUTHOR, workspace, lead, people[ADA], duplicates_only=False)
            await region.contact_tags.tag(AUTHOR, workspace, people[BOB], "1", "1")
            short = await _contact(region, workspace, Profile(Role.LEAD))
            await region.notes.create(AUTHOR, workspace, short, None, "<p>z</p>")
            await region.contacts.delete(AUTHOR, workspace, short)
            rounds += 1
        return rounds

    writing = asyncio.create_task(write())
    found = [problem for _ in range(6) for problem in (await verify(store)).problems]
    done.set()

    assert await writing
    assert [] == found


def test_nothing_is_wrong_with_what_agrees():
    row = PackedRow("a", 1, "1 2", "aa", "2 6 5")
    linked: verify_links.Linked = {"contact_tags": ["2", "1"], "contact_companies": ["aa"], "notes": ["5", "6"]}

    assert [] == [*faults("a", row, linked, {"5": "a", "6": "a"})]
    assert [] == [*faults("a", None, {}, {})]
    assert [] == [*faults("a", PackedRow("a", 1, "", "", ""), {}, {})]
