"""Verification reads a large database in ranges: each statement ends soon, however many rows there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import apsw
import pytest
from tests.cast import AUTHOR, Clock, draft
from tests.service.conftest import ENTRIES, Ledger, choose, new_contact
from tests.sqlite import new_file

from sayso.domain.standing import Choice
from sayso.service import (
    verify,
    verify_claims,
    verify_companies,
    verify_counts,
    verify_heads,
    verify_links,
    verify_settings,
)
from sayso.service.digest import digest
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import ledger as ledgers
from sayso.storage import sqlite
from sayso.storage import store as stores

#: How many rows are read at once.
LIMIT = 5

#: The modules that say how many, and by what name.
LIMITS: tuple[tuple[ModuleType, str], ...] = (
    (verify, "BATCH"),
    (verify_claims, "BATCH"),
    (verify_companies, "BATCH"),
    (verify_counts, "BATCH"),
    (verify_heads, "BATCH"),
    (verify_links, "BATCH"),
    (verify_settings, "BATCH"),
    (ledgers, "EVENTS_AT_ONCE"),
)


async def write(path: Path, contacts: int) -> None:
    """Contacts with two choices, a note and a company each."""
    store = stores.sqlite(new_file(path), checkpoints=True)
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    type_id = (await region.types.create(workspace, draft("opt_in"))).id

    async def add(number: int) -> None:
        contact = await new_contact(region, workspace, number)
        for choice in (Choice.GRANTED, Choice.WITHDRAWN):
            await choose(region, workspace, contact, type_id, choice)
        await region.notes.create(AUTHOR, workspace, contact, None, "A note")
        company = await region.companies.put(AUTHOR, workspace, f"company {number}", lambda profile, _: profile)
        await region.contact_companies.attach(AUTHOR, workspace, contact, company.id)

    await asyncio.gather(*map(add, range(contacts)))
    await store.close()


async def steps(path: Path) -> Counter[str]:
    """The most steps that verification and a digest take in one run of each statement."""
    most: Counter[str] = Counter()

    def record(run: dict[str, Any]) -> None:
        most[run["sql"]] = max(most[run["sql"]], run["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    def connect() -> apsw.Connection:
        connection = sqlite.connect(path)
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, record)
        return connection

    store = stores.SqlStore(sqlite.SqliteEngine(connect))
    try:
        assert [] == (await verify.verify(store)).problems
        assert [head async for head in verify_heads.heads(store)]
        for workspace in await store.workspace.all():
            await digest(store, workspace.id, page=LIMIT)
    finally:
        await store.close()
    return most


async def test_no_statement_takes_longer_with_more_contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, LIMIT)
    few, many = tmp_path / "few.db", tmp_path / "many.db"
    await write(few, 60)
    await write(many, 180)

    before, after = await steps(few), await steps(many)

    assert before.keys() == after.keys()
    assert [] == [sql for sql, most in after.items() if most > 1.5 * before[sql]]


@pytest.mark.parametrize("at_once", [1, 2, 3, 1_000])
def test_events_without_their_entries_are_found_in_every_range(
    ledger: Ledger, at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ledgers, "EVENTS_AT_ONCE", at_once)
    for number in (0, 2):
        ledger.run("DELETE FROM ledger WHERE contact_id = ?", ledger.contacts[number])
    ledger.run("UPDATE events SET act = 'no act' WHERE contact_id = ? AND seq = 1", ledger.contacts[1])

    unfounded = {
        (problem.contact_id, problem.seq)
        for problem in ledger.problems
        if problem.what == "announced by an event, but not there"
    }

    gone = {(ledger.contacts[number], seq) for number in (0, 2) for seq in range(1, ENTRIES + 1)}
    assert gone | {(ledger.contacts[1], 1)} == unfounded


def test_so_many_events_without_their_entries_are_enough_to_report(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ledgers, "MOST_UNFOUNDED", 3)
    ledger.run("DELETE FROM ledger")

    assert 3 == sum(problem.what == "announced by an event, but not there" for problem in ledger.problems)
