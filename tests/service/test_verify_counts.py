"""Verification of the counts of contacts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cast import AUTHOR, Clock
from tests.service.conftest import ENTRIES, Ledger, new_contact, write_story

from sayso.service import verify_counts
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_counts import CountedRange
from sayso.service.region import Region
from sayso.service.verify import Report, verify
from sayso.service.verify_counts import differences
from sayso.storage import store as stores

LIVE, ARCHIVED = ("live", "user"), ("archived", "user")


@pytest.mark.parametrize("batch", [1, 2, 4, 10_000])
async def test_counts_that_nobody_touched_are_whole(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(verify_counts, "BATCH", batch)
    await write_story(store)

    assert Report(contacts=4, entries=3 * ENTRIES) == await verify(store)


#: What is done to the counts: a change of each column, rows too many and too few.
DAMAGE = [
    "UPDATE contact_counts SET contacts = contacts + 1 WHERE rowid_of_one",
    "UPDATE contact_counts SET contacts = 0 WHERE rowid_of_one",
    "UPDATE contact_counts SET contacts = 'many' WHERE rowid_of_one",
    "UPDATE contact_counts SET contacts = 0.5 WHERE rowid_of_one",
    "UPDATE contact_counts SET state = 'archived' WHERE rowid_of_one",
    "UPDATE contact_counts SET state = 'odd' WHERE rowid_of_one",
    "UPDATE contact_counts SET state = CAST(x'ff' AS TEXT) WHERE rowid_of_one",
    "UPDATE contact_counts SET role = 'lead' WHERE rowid_of_one",
    "UPDATE contact_counts SET role = x'00' WHERE rowid_of_one",
    "UPDATE contact_counts SET part = 16 WHERE rowid_of_one",
    "UPDATE contact_counts SET part = 'none' WHERE rowid_of_one",
    "UPDATE contact_counts SET workspace_id = 'other' WHERE rowid_of_one",
    "DELETE FROM contact_counts WHERE rowid_of_one",
    "DELETE FROM contact_counts",
    "INSERT INTO contact_counts SELECT workspace_id, 0, 'blocked', 'lead', 1 FROM workspaces",
    "INSERT INTO contact_counts VALUES ('nobody', 0, 'live', 'user', 1)",
]


@pytest.mark.parametrize("sql", DAMAGE)
def test_a_count_that_was_changed_is_found(ledger: Ledger, sql: str):
    ledger.run(sql.replace("rowid_of_one", "part = (SELECT min(part) FROM contact_counts)"))

    found = ledger.problems

    assert found
    assert {""} == {problem.contact_id for problem in found}


def test_a_wrong_count_is_told_with_the_number_there_is(ledger: Ledger):
    ledger.run("INSERT INTO contact_counts SELECT workspace_id, 0, 'archived', 'user', 2 FROM workspaces")

    [found] = ledger.problems

    assert "the count of contacts in state archived and role user is 2, but there are 0" == found.what


def test_a_state_that_is_none_of_ours_is_not_repeated(ledger: Ledger):
    ledger.run("INSERT INTO contact_counts SELECT workspace_id, 0, char(27) || '[2J', 'user', 2 FROM workspaces")

    assert {
        "a contact count has an invalid part, state, role or number",
        "the count of contacts in state (unknown) and role user is 2, but there are 0",
    } == {problem.what for problem in ledger.problems}


def test_a_number_that_the_counts_had_or_passed_meanwhile_is_no_difference():
    assert [] == list(differences({LIVE: 3}, {LIVE: 4}, {LIVE: 7}))
    assert [] == list(differences({LIVE: 3, ARCHIVED: 2}, {LIVE: 5}, {LIVE: 5}))
    assert 1 == len(list(differences({LIVE: 3}, {LIVE: 8}, {LIVE: 7})))
    assert 1 == len(list(differences({}, {LIVE: 1}, {})))


async def test_contacts_that_move_while_they_are_counted_are_counted_again(
    sqlite: stores.SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One is archived behind the place that was reached, one is brought back before it: the kept counts do not show."""
    monkeypatch.setattr(verify_counts, "BATCH", 1)
    region = Region.on("us", sqlite, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    made = sorted([await new_contact(region, workspace, number) for number in range(3)])
    await region.contacts.archive(AUTHOR, workspace, made[2])
    counted, calls = sqlite.contact_count.counted, []

    async def meanwhile(workspace_id: str, after: str, limit: int) -> CountedRange:
        found = await counted(workspace_id, after, limit)
        calls.append(after)
        if len(calls) == 1:
            await region.contacts.archive(AUTHOR, workspace, made[0])
            await region.contacts.unarchive(AUTHOR, workspace, made[2])
        return found

    monkeypatch.setattr(sqlite.contact_count, "counted", meanwhile)

    assert [] == await verify_counts.of_counts(sqlite, workspace)
    assert 2 == calls.count("")
