"""Verification of contacts' rows and of the events that announce what happened to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.service.conftest import ENTRIES, Ledger

from sayso.service.verify import Problem


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

    assert "announced by an event, but not there" in {problem.what for problem in ledger.problems}


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
