"""Verification of chains: an entry that was changed, moved or taken away is found and named."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.service.conftest import ENTRIES, Ledger

from sayso.service.verify import Problem

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
    "binding",
]


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


# Chains and their contacts. Nothing is hashed here: what is in the tables is moved to where it does not belong.

_MOVED = """UPDATE contacts SET (subject, head_seq, head_hash, standing{more}) = (
    SELECT subject, head_seq, head_hash, standing{more} FROM before WHERE contact_id = CASE contacts.contact_id
    WHEN x'{one}' THEN x'{other}' ELSE x'{one}' END)
WHERE contact_id IN (x'{one}', x'{other}')"""


def swap(ledger: Ledger, *more: str) -> None:
    """Give two contacts each other's chains, and each other's columns of `more`."""
    one, other = ledger.contacts[:2]
    ledger.run("CREATE TABLE before AS SELECT * FROM contacts")
    ledger.run(_MOVED.format(one=one, other=other, more="".join(f", {column}" for column in more)))
    for table in ("ledger", "events"):
        of_choices = "" if table == "ledger" else " AND seq IS NOT NULL"
        for before, after in ((one, "00" * 12), (other, one), ("00" * 12, other)):
            ledger.run(f"UPDATE {table} SET contact_id = x'{after}' WHERE contact_id = x'{before}'{of_choices}")
    ledger.run("UPDATE contacts SET last_act = (SELECT max(act) FROM events WHERE contact_id = contacts.contact_id)")
    ledger.run("DROP TABLE before")


@pytest.mark.parametrize("more", [(), ("binding_key",)])
def test_two_contacts_whose_chains_were_swapped_are_found(ledger: Ledger, more: tuple[str, ...]):
    swap(ledger, *more)

    what = "the entry is bound to another contact"
    assert [Problem(ledger.workspace, contact, 1, what) for contact in ledger.contacts[:2]] == ledger.problems


def test_contacts_without_keys_whose_chains_were_swapped_are_found_too(ledger: Ledger):
    swap(ledger)
    ledger.run("UPDATE contacts SET binding_key = NULL")

    what = "the entry is bound to a contact, and the contact's row has no key to tell which"
    assert [Problem(ledger.workspace, contact, 1, what) for contact in sorted(ledger.contacts[:3])] == ledger.problems


@pytest.mark.parametrize("key", ["x'00'", "'sixteen letters.'", "zeroblob(17)", "7"])
def test_a_key_that_is_no_key_is_found(ledger: Ledger, key: str):
    ledger.run(f"UPDATE contacts SET binding_key = {key} WHERE contact_id = x'{ledger.contacts[1]}'")

    what = "the contact's row has a binding key that is no key"
    assert [Problem(ledger.workspace, ledger.contacts[1], None, what)] == ledger.problems
