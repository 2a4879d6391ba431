"""The power goes: what was acknowledged is there when it comes back.

Real changes go through the services and the engine onto a disk that keeps a record. Then the power is cut after
CRASH_STATES random steps of it (400 unless told), and each state is opened by an ordinary SQLite.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import apsw
import pytest
from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage
from tests.crash.vfs import Disk, states

from sayso.domain.contact import Contact, ContactDraft, Profile, Role
from sayso.domain.errors import Unavailable
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import TypeId
from sayso.intercom.attached import attaching, detaching
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import sqlite, sqlite_writer
from sayso.storage.migrate import migrate, pending
from sayso.storage.store import SqlStore

STATES = int(os.environ.get("CRASH_STATES", "400"))
#: What a choice is after it was taken back: two types are opt_in, one is opt_out.
_AWAY = {"1": Choice.WITHDRAWN, "2": Choice.NONE, "3": Choice.WITHDRAWN}
WRITERS = 12
CHANGES = 25


@dataclass(frozen=True)
class Acknowledged:
    """What a caller was told is kept: a contact at a revision, with its ledger up to an entry."""

    contact_id: str
    revision: int
    seq: int
    hash: bytes | None


@dataclass
class Verdict:
    lost: int = 0
    corrupt: int = 0
    examined: int = 0
    acknowledged: int = 0


@pytest.fixture(autouse=True)
def frequent_checkpoints(monkeypatch: pytest.MonkeyPatch):
    """So that the log is carried over, and starts anew, many times in a short history."""
    monkeypatch.setattr(sqlite_writer, "CHECKPOINT_PAGES", 60)


async def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, disk: Disk, chance: Random):
    workspace_id = await _history(tmp_path / "sayso.db", disk, chance, "FULL")

    verdict = await _verdict(tmp_path, disk, chance, workspace_id)

    assert (0, 0) == (verdict.lost, verdict.corrupt), verdict
    assert verdict.examined == STATES
    assert verdict.acknowledged > 20 * STATES


async def test_a_power_cut_after_failed_syncs_loses_nothing_either(tmp_path: Path, disk: Disk, chance: Random):
    """What a failed sync did not write is gone for good, whatever later syncs say: it has to be written again."""
    workspace_id = await _history(tmp_path / "sayso.db", disk, chance, "FULL", failing=0.1)

    verdict = await _verdict(tmp_path, disk, chance, workspace_id)

    assert sum(step.what == "failed sync" for step in disk.record) > 5
    assert (0, 0) == (verdict.lost, verdict.corrupt), verdict
    assert verdict.acknowledged > 20 * STATES


async def test_the_history_has_checkpoints_and_logs_that_start_anew(tmp_path: Path, disk: Disk, chance: Random):
    await _history(tmp_path / "sayso.db", disk, chance, "FULL")

    starts = [s for s in disk.record if s.what == "write" and s.file.endswith("-wal") and s.offset == 0]

    assert disk.syncs("sayso.db") > 5
    assert len(starts) > 5


async def test_the_check_catches_a_database_that_syncs_less(tmp_path: Path, disk: Disk, chance: Random):
    workspace_id = await _history(tmp_path / "sayso.db", disk, chance, "NORMAL")

    verdict = await _verdict(tmp_path, disk, chance, workspace_id, 100)

    assert verdict.lost > 0, verdict


async def test_the_check_catches_a_database_that_never_syncs(tmp_path: Path, disk: Disk, chance: Random):
    workspace_id = await _history(tmp_path / "sayso.db", disk, chance, "OFF")

    verdict = await _verdict(tmp_path, disk, chance, workspace_id, 100)

    assert verdict.corrupt > 0, verdict


async def _history(path: Path, disk: Disk, chance: Random, synchronous: str, failing: float = 0) -> str:
    """Twelve people change their minds at once, in two runs of the server; the workspace's id.

    `failing`: how many of their changes meet a sync that fails.
    """
    connect = partial(sqlite.connect, path, vfs=disk.name, synchronous=synchronous)
    with closing(connect()) as connection:
        migrate(connection, NOON)
    async with _running(connect) as region:
        workspace = await region.workspaces.create("Acme")
        for consent_type in ("opt_in", "opt_out", "opt_in"):
            await region.types.create(workspace.id, draft(consent_type))
        await _writers(region, workspace.id, disk, chance, failing)
    async with _running(connect) as region:
        await _writers(region, workspace.id, disk, chance, failing)
    return workspace.id


@asynccontextmanager
async def _running(connect: Callable[[], apsw.Connection]) -> AsyncIterator[Region]:
    store = SqlStore(sqlite.SqliteEngine(connect, checkpoints=True))
    yield Region.on("us", store, lambda: NOON, RandomIds())
    await store.close()


async def _writers(region: Region, workspace_id: str, disk: Disk, chance: Random, failing: float) -> None:
    drafts = [ContactDraft(Profile(Role.USER, external_id=f"{chance.getrandbits(64):x}")) for _ in range(WRITERS)]
    made = await asyncio.gather(*(region.contacts.create(AUTHOR, workspace_id, one) for one in drafts))
    for contact in made:
        await _acknowledge(region, contact, disk)
    await asyncio.gather(*(_writer(region, contact, disk, Random(chance.random()), failing) for contact in made))
    disk.failing_syncs = 0


async def _writer(region: Region, contact: Contact, disk: Disk, chance: Random, failing: float) -> None:
    for number in range(CHANGES):
        if chance.random() < failing:
            disk.failing_syncs = 1
        with suppress(Unavailable):
            await _change(region, contact, number, chance)
            await _acknowledge(region, contact, disk)


async def _change(region: Region, contact: Contact, number: int, chance: Random) -> None:
    workspace_id = contact.head.workspace_id
    if chance.random() < 0.2:
        renamed = ContactDraft(
            contact.profile._replace(name=f"{number}"), unsubscribed_from_emails=chance.random() < 0.5
        )
        await region.contacts.update(AUTHOR, workspace_id, contact.id, lambda _: renamed)
        return
    type_id = TypeId(chance.choice("123"))
    head = await region.store.contact.head(workspace_id, contact.id)
    assert head
    wish = attaching(None) if head.standing.of(type_id) in (Choice.NONE, _AWAY[type_id]) else detaching
    await region.consent.choose(AUTHOR, workspace_id, contact.id, type_id, wish)


async def _acknowledge(region: Region, contact: Contact, disk: Disk) -> None:
    # Nobody else writes to this contact: its row is as the acknowledged change left it.
    head = await region.store.contact.head(contact.head.workspace_id, contact.id)
    assert head is not None
    disk.mark(Acknowledged(contact.id, head.revision, head.chain.seq, head.chain.hash))


async def _verdict(
    tmp_path: Path, disk: Disk, chance: Random, workspace_id: str, number_of_states: int = STATES
) -> Verdict:
    verdict = Verdict()
    crashes = [chance.randint(1, len(disk.record)) for _ in range(number_of_states)]
    for number, (files, acknowledged) in enumerate(states(disk.record, crashes, chance)):
        folder = tmp_path / "after"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        verdict.examined += 1
        verdict.acknowledged += len(acknowledged)
        try:
            verdict.corrupt += bool(await _corruption(folder / "sayso.db", workspace_id))
            verdict.lost += bool(await _losses(folder / "sayso.db", workspace_id, acknowledged))
        except Exception as error:
            print(f"state {number}: {error!r}")
            verdict.corrupt += 1
    return verdict


def _looking(path: Path) -> apsw.Connection:
    """What is looked at need not last."""
    return sqlite.connect(path, synchronous="OFF")


async def _corruption(path: Path, workspace_id: str) -> list[str]:
    connection = _looking(path)
    told = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall() if row[0] != "ok"]
    # A power cut in the very first moments leaves a database that has yet to be made.
    empty = not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchall()
    if not empty and pending(connection):
        # A power cut between two migrations: the next start does the rest.
        migrate(connection, NOON)
    connection.close()
    if empty:
        return told
    store = SqlStore(sqlite.SqliteEngine(partial(_looking, path)))
    try:
        return told + await damage(store, workspace_id)
    finally:
        await store.close()


async def _losses(path: Path, workspace_id: str, acknowledged: list[Acknowledged]) -> list[Acknowledged]:
    if not acknowledged:
        return []
    connection = _looking(path)
    revisions = dict(connection.execute("SELECT lower(hex(contact_id)), revision FROM contacts").fetchall())
    hashes = {
        row[:2]: row[2] for row in connection.execute("SELECT lower(hex(contact_id)), seq, hash FROM ledger").fetchall()
    }
    events = dict(
        connection.execute("SELECT lower(hex(contact_id)), count(*) FROM events GROUP BY contact_id").fetchall()
    )
    connection.close()
    return [
        told
        for told in acknowledged
        if revisions.get(told.contact_id, 0) < told.revision
        or events.get(told.contact_id, 0) < told.revision
        or (told.seq and hashes.get((told.contact_id, told.seq)) != told.hash)
    ]
