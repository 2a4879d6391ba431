"""Verification: what is whole is told as such, in ranges, and beside whoever writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.cast import Clock
from tests.service.conftest import ENTRIES, Ledger, choose, new_contact, write_story

from sayso.domain.standing import Choice
from sayso.service import verify as verification
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
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


def test_a_workspace_that_vanished_is_found(ledger: Ledger):
    ledger.run("DELETE FROM workspaces")

    assert [Problem(ledger.workspace, "", None, "the workspace does not exist, and has contacts")] == ledger.problems


async def test_what_another_writer_does_meanwhile_is_no_problem(
    sqlite: stores.SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verification, "BATCH", 1)
    workspace, contacts = await write_story(sqlite)
    region = Region.on("us", sqlite, Clock(), RandomIds())
    beside = stores.sqlite(tmp_path / "sayso.db")
    done = asyncio.Event()

    async def write() -> int:
        written = 0
        while not done.is_set():
            for contact in contacts:
                await choose(region, workspace, contact, "1", (Choice.GRANTED, Choice.WITHDRAWN)[written % 2])
            await new_contact(region, workspace, 100 + written)
            written += 1
        return written

    writing = asyncio.create_task(write())
    reports = [await verify(beside) for _ in range(20)]
    done.set()

    assert await writing > 1
    await beside.close()
    assert [] == [problem for report in reports for problem in report.problems]
    assert reports[-1].entries > reports[0].entries
