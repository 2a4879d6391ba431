"""Verification: whatever was changed behind the server's back is found and named."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.cast import AUTHOR, NOON, Clock, draft

from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Translation
from sayso.service import verify as verification
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import Problem, Report, verify
from sayso.storage import store as stores

#: Entries of each contact in the ledger below; the third is a stop for all email, without type and notice.
ENTRIES = 5

#: What the hash does not cover, because it is given later and can be computed again.
CACHE = {"position", "leaf_index"}

COLUMNS = [
    "workspace_id",
    "contact_id",
    "seq",
    "id",
    "subject",
    "event",
    "type_id",
    "channel",
    "state",
    "basis",
    "occurred_at",
    "recorded_at",
    "method",
    "actor_kind",
    "actor_ref",
    "request_id",
    "notice_version",
    "notice_locale",
    "notice_sha256",
    "hash",
]


async def _choose(region: Region, workspace: str, contact: str, type_id: str, choice: Choice) -> None:
    await region.consent.choose(AUTHOR, workspace, contact, type_id, lambda _: Wish(choice))


async def _story(store: Store) -> tuple[str, list[str]]:
    """Three contacts with five entries each, and one with none."""
    clock = Clock()
    region = Region.on("us", store, clock, RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    newsletter = (await region.types.create(workspace, draft("opt_in"))).id
    offers = (await region.types.create(workspace, draft("opt_out", name="Offers"))).id
    contacts = []
    for number in range(3):
        contact = await _contact(region, workspace, number)
        await _choose(region, workspace, contact, newsletter, Choice.GRANTED)
        await _choose(region, workspace, contact, offers, Choice.WITHDRAWN)
        await region.contacts.update(AUTHOR, workspace, contact, lambda c: ContactDraft(c.profile, True))
        await region.types.translate(workspace, offers, Translation(f"Offers {number}", "Reworded", "en"))
        await _choose(region, workspace, contact, newsletter, Choice.NONE)
        await _choose(region, workspace, contact, offers, Choice.GRANTED)
        contacts.append(contact)
    contacts.append(await _contact(region, workspace, 3))
    return workspace, contacts


async def _contact(region: Region, workspace: str, number: int) -> str:
    profile = Profile(Role.USER, email=f"contact{number}@example.com")
    return (await region.contacts.create(AUTHOR, workspace, ContactDraft(profile))).id


def _kept(param: Any) -> Any:
    """Contact ids as the tables keep them."""
    return bytes.fromhex(param) if isinstance(param, str) and len(param) == 24 else param


class Ledger:
    """A database file, to be changed behind the server's back."""

    def __init__(self, path: Path, workspace: str, contacts: list[str]) -> None:
        self.path = path
        self.workspace = workspace
        self.contacts = contacts

    def copy(self, path: Path) -> Ledger:
        return Ledger(Path(shutil.copy(self.path, path)), self.workspace, self.contacts)

    def run(self, sql: str, *params: Any) -> list[Any]:
        connection = apsw.Connection(str(self.path))
        try:
            connection.execute("PRAGMA synchronous = OFF")
            return connection.execute(sql, [_kept(param) for param in params]).fetchall()
        finally:
            connection.close()

    def row(self, contact: int, seq: int) -> str:
        return f"workspace_id = '{self.workspace}' AND contact_id = x'{self.contacts[contact]}' AND seq = {seq}"

    def verified(self) -> Report:
        async def run() -> Report:
            store = stores.sqlite(self.path)
            try:
                return await verify(store)
            finally:
                await store.close()

        return asyncio.run(run())

    @property
    def problems(self) -> list[Problem]:
        return self.verified().problems

    def named(self) -> set[tuple[str, int | None]]:
        return {(problem.contact_id, problem.seq) for problem in self.problems}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    path = tmp_path_factory.mktemp("ledger") / "sayso.db"

    async def write() -> Ledger:
        stores.bring_up_to_date(path, NOON)
        store = stores.sqlite(path, checkpoints=True)
        try:
            return Ledger(path, *await _story(store))
        finally:
            await store.close()

    return asyncio.run(write())


@pytest.fixture
def ledger(written: Ledger, tmp_path: Path) -> Ledger:
    return written.copy(tmp_path / "sayso.db")


async def test_a_ledger_that_nobody_touched_is_whole(store: Store):
    await _story(store)

    assert Report(contacts=4, entries=3 * ENTRIES) == await verify(store)


async def test_many_contacts_are_walked_in_ranges(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verification, "BATCH", 2)
    await _story(store)

    assert Report(contacts=4, entries=3 * ENTRIES) == await verify(store)


def test_every_column_of_the_ledger_is_either_covered_or_a_cache(ledger: Ledger):
    columns = {name for _, name, *_ in ledger.run("PRAGMA table_info(ledger)")}

    assert {*COLUMNS, *CACHE} == columns


ALTERED = {
    "another text": "'altered'",
    "no text": "''",
    "a star": "'*'",
    "nothing": "NULL",
    "another number": "7",
    "zero": "0",
    "a fraction": "1.5",
    "bytes": "x'0102'",
    "bytes that are no text": "CAST(x'ff80' AS TEXT)",
    "the same bytes of another kind": "CAST({column} AS BLOB)",
}


@pytest.mark.parametrize("seq", [1, 3])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_of_a_ledger_row_is_found(written: Ledger, tmp_path: Path, column: str, seq: int):
    before = written.run("SELECT * FROM ledger")
    tried = 0
    for name, value in ALTERED.items():
        ledger = written.copy(tmp_path / f"{tried}.db")
        with contextlib.suppress(apsw.ConstraintError):
            ledger.run(f"UPDATE ledger SET {column} = {value.format(column=column)} WHERE {ledger.row(1, seq)}")
        if not _same(before, ledger):
            tried += 1
            assert ledger.contacts[1] in {problem.contact_id for problem in ledger.problems}, name
    assert tried >= len(ALTERED) - 3


def _same(before: list[Any], ledger: Ledger) -> bool:
    try:
        after = ledger.run("SELECT * FROM ledger")
    except UnicodeDecodeError:
        return False
    return [[(type(value), value) for value in row] for row in before] == [
        [(type(value), value) for value in row] for row in after
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    column=some.sampled_from([column for column in COLUMNS if column not in ("seq", "occurred_at", "recorded_at")]),
    contact=some.integers(0, 2),
    seq=some.integers(1, ENTRIES),
    place=some.integers(0, 63),
    mask=some.integers(1, 255),
)
def test_any_changed_byte_of_a_ledger_row_is_found(
    written: Ledger, tmp_path: Path, column: str, contact: int, seq: int, place: int, mask: int
):
    ledger = written.copy(tmp_path / "sayso.db")
    row = ledger.row(contact, seq)
    [[value, kind]] = ledger.run(f"SELECT CAST({column} AS BLOB), typeof({column}) FROM ledger WHERE {row}")
    if not value:
        return
    changed = bytearray(value)
    changed[place % len(changed)] ^= mask
    as_kind = "?" if kind == "blob" else f"CAST(? AS {kind})"
    if kind == "integer":
        return
    try:
        ledger.run(f"UPDATE ledger SET {column} = {as_kind} WHERE {row}", bytes(changed))
    except apsw.ConstraintError:
        return  # another contact's key: the database itself refuses

    assert ledger.contacts[contact] in {problem.contact_id for problem in ledger.problems}


@pytest.mark.parametrize("column", ["occurred_at", "recorded_at", "notice_version"])
@pytest.mark.parametrize("change", [-1, 1, 256, 2**40])
def test_a_changed_number_of_a_ledger_row_is_named(ledger: Ledger, column: str, change: int):
    ledger.run(f"UPDATE ledger SET {column} = {column} + ? WHERE {ledger.row(0, 2)}", change)

    assert {(ledger.contacts[0], 2)} == ledger.named()


@pytest.mark.parametrize("column", ["position", "leaf_index"])
def test_a_number_that_nobody_gave_is_found(ledger: Ledger, column: str):
    ledger.run(f"UPDATE ledger SET {column} = 12 WHERE {ledger.row(0, 2)}")

    assert (ledger.contacts[0], 2) in ledger.named()


@pytest.mark.parametrize("seq", range(1, ENTRIES + 1))
def test_an_altered_entry_is_the_only_one_named(ledger: Ledger, seq: int):
    ledger.run(f"UPDATE ledger SET state = 'refused' WHERE {ledger.row(1, seq)}")

    assert {(ledger.contacts[1], seq)} == ledger.named()


@pytest.mark.parametrize("seq", range(1, ENTRIES + 1))
def test_an_altered_hash_is_the_only_one_named(ledger: Ledger, seq: int):
    ledger.run(f"UPDATE ledger SET hash = zeroblob(32) WHERE {ledger.row(1, seq)}")

    assert {(ledger.contacts[1], seq)} == ledger.named()


@pytest.mark.parametrize("seq", range(1, ENTRIES + 1))
def test_a_missing_entry_is_named(ledger: Ledger, seq: int):
    ledger.run(f"DELETE FROM ledger WHERE {ledger.row(2, seq)}")

    assert Problem(ledger.workspace, ledger.contacts[2], seq, "the entry is missing") in ledger.problems


def test_a_missing_chain_is_found(ledger: Ledger):
    ledger.run("DELETE FROM ledger WHERE contact_id = ?", ledger.contacts[0])

    assert "the entries 1 to 5 are missing" in {problem.what for problem in ledger.problems}


def test_a_chain_cut_short_with_its_contact_s_count_is_found(ledger: Ledger):
    contact = ledger.contacts[0]
    ledger.run(f"DELETE FROM ledger WHERE {ledger.row(0, ENTRIES)}")
    ledger.run("UPDATE contacts SET head_seq = 4 WHERE contact_id = ?", contact)

    assert contact in {problem.contact_id for problem in ledger.problems}


def test_rows_swapped_between_contacts_are_found(ledger: Ledger):
    ledger.run("UPDATE ledger SET contact_id = 'between' WHERE contact_id = ? AND seq = 2", ledger.contacts[0])
    ledger.run(
        "UPDATE ledger SET contact_id = ? WHERE contact_id = ? AND seq = 2", ledger.contacts[0], ledger.contacts[1]
    )
    ledger.run("UPDATE ledger SET contact_id = ? WHERE contact_id = 'between'", ledger.contacts[1])

    assert {(ledger.contacts[0], 2), (ledger.contacts[1], 2)} <= ledger.named()


def test_chains_swapped_between_contacts_are_found(ledger: Ledger):
    first, second = ledger.contacts[:2]
    for contact, to in ((first, "between"), (second, first), ("between", second)):
        ledger.run("UPDATE ledger SET contact_id = ? WHERE contact_id = ?", to, contact)

    assert {first, second} <= {problem.contact_id for problem in ledger.problems}


def test_entries_swapped_within_a_chain_are_found(ledger: Ledger):
    for seq, to in ((1, 9), (2, 1), (9, 2)):
        ledger.run(f"UPDATE ledger SET seq = {to} WHERE {ledger.row(0, seq)}")

    assert {(ledger.contacts[0], 1), (ledger.contacts[0], 2)} <= ledger.named()


@pytest.mark.parametrize(
    "change",
    [
        "standing = ''",
        "standing = '1g'",
        "standing = standing || ' 9w'",
        "standing = 'nonsense'",
        "standing = x'00'",
        "head_hash = NULL",
        "head_hash = zeroblob(32)",
        "head_seq = head_seq - 1",
        "head_seq = head_seq + 1",
        "head_seq = 0",
        "head_seq = 'many'",
        "subject = zeroblob(16)",
        "subject = 'text'",
        "last_act = zeroblob(16)",
    ],
)
def test_a_contact_that_differs_from_its_chain_is_named(ledger: Ledger, change: str):
    ledger.run(f"UPDATE contacts SET {change} WHERE contact_id = ?", ledger.contacts[1])

    assert {ledger.contacts[1]} == {problem.contact_id for problem in ledger.problems}


@pytest.mark.parametrize("contact", [1, 3])
def test_a_contact_s_row_that_cannot_be_read_is_found(ledger: Ledger, contact: int):
    ledger.run("UPDATE contacts SET standing = CAST(x'ff' AS TEXT) WHERE contact_id = ?", ledger.contacts[contact])

    assert "the contact's row: a text of it is not UTF-8" in {problem.what for problem in ledger.problems}


def test_a_wrong_choice_is_told_as_such(ledger: Ledger):
    ledger.run("UPDATE contacts SET standing = '1g' WHERE contact_id = ?", ledger.contacts[1])

    expected = Problem(
        ledger.workspace, ledger.contacts[1], None, "the contact's standing is not what its entries come to"
    )
    assert [expected] == ledger.problems


def test_a_choice_without_any_entry_is_found(ledger: Ledger):
    ledger.run("UPDATE contacts SET standing = '1g' WHERE contact_id = ?", ledger.contacts[3])

    assert {(ledger.contacts[3], None)} == ledger.named()


def test_entries_of_a_contact_that_does_not_exist_are_found(ledger: Ledger):
    ledger.run("DELETE FROM contacts WHERE contact_id = ?", ledger.contacts[2])

    assert "the contact does not exist, and has entries" in {problem.what for problem in ledger.problems}


def test_a_contact_that_vanished_with_its_chain_is_found_by_its_events(ledger: Ledger):
    for table in ("contacts", "ledger"):
        ledger.run(f"DELETE FROM {table} WHERE contact_id = ?", ledger.contacts[2])

    assert {"announced by an event, but not there"} == {problem.what for problem in ledger.problems}


def test_every_event_that_is_missing_is_found(ledger: Ledger, tmp_path: Path):
    events = ledger.run("SELECT act, lower(hex(contact_id)), seq FROM events WHERE seq IS NOT NULL")
    assert 3 * ENTRIES == len(events)
    for number, (act, contact, seq) in enumerate(events):
        copy = ledger.copy(tmp_path / f"{number}.db")
        copy.run("DELETE FROM events WHERE act = ?", act)

        assert (contact, seq) in copy.named()


def test_the_missing_event_of_a_new_contact_is_found(ledger: Ledger):
    ledger.run("DELETE FROM events WHERE contact_id = ?", ledger.contacts[3])

    assert {(ledger.contacts[3], None)} == ledger.named()


def test_an_event_that_announces_another_entry_is_found(ledger: Ledger):
    ledger.run("UPDATE events SET seq = 4 WHERE contact_id = ? AND seq = 2", ledger.contacts[0])

    assert {(ledger.contacts[0], 2), (ledger.contacts[0], 4)} <= ledger.named()


@pytest.mark.parametrize("column", ["name", "description"])
def test_a_changed_wording_is_found_by_the_entries_that_name_it(ledger: Ledger, column: str):
    ledger.run(f"UPDATE notices SET {column} = 'altered' WHERE type_id = '1' AND locale = 'en'")

    assert {"the wording that the entry names is not the one that is kept"} == {p.what for p in ledger.problems}


def test_a_missing_wording_is_found(ledger: Ledger):
    ledger.run("DELETE FROM notices WHERE type_id = '2' AND version = 1")

    assert {(ledger.contacts[0], 2)} == ledger.named()


def test_a_wording_that_is_no_text_is_found(ledger: Ledger):
    ledger.run("UPDATE notices SET name = CAST(x'ff' AS TEXT) WHERE type_id = '2' AND version = 1")

    assert "a wording kept for its types is not UTF-8" in {problem.what for problem in ledger.problems}


def test_a_workspace_that_vanished_is_found(ledger: Ledger):
    ledger.run("DELETE FROM workspaces")

    assert [Problem(ledger.workspace, "", None, "the workspace does not exist, and has contacts")] == ledger.problems


async def test_what_another_writer_does_meanwhile_is_no_problem(
    sqlite: stores.SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verification, "BATCH", 1)
    workspace, contacts = await _story(sqlite)
    region = Region.on("us", sqlite, Clock(), RandomIds())
    beside = stores.sqlite(tmp_path / "sayso.db")
    done = asyncio.Event()

    async def write() -> int:
        written = 0
        while not done.is_set():
            for contact in contacts:
                await _choose(region, workspace, contact, "1", (Choice.GRANTED, Choice.WITHDRAWN)[written % 2])
            await _contact(region, workspace, 100 + written)
            written += 1
        return written

    writing = asyncio.create_task(write())
    reports = [await verify(beside) for _ in range(20)]
    done.set()

    assert await writing > 1
    await beside.close()
    assert [] == [problem for report in reports for problem in report.problems]
    assert reports[-1].entries > reports[0].entries
