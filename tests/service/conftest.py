"""A ledger with a story in it, to be changed behind the server's back and then verified."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.cast import AUTHOR, NOON, Clock, draft

from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Translation
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import Problem, Report, verify
from sayso.storage import store as stores

#: Entries of each contact in the ledger below; the third is a stop for all email, without type and notice.
ENTRIES = 5

#: Writes to a store, and gives the workspace and the contacts.
Story = Callable[[Store], Awaitable[tuple[str, list[str]]]]


async def choose(region: Region, workspace: str, contact: str, type_id: str, choice: Choice) -> None:
    await region.consent.choose(AUTHOR, workspace, contact, type_id, lambda _: Wish(choice))


async def write_story(store: Store) -> tuple[str, list[str]]:
    """Three contacts with five entries each, and one with none."""
    clock = Clock()
    region = Region.on("us", store, clock, RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    newsletter = (await region.types.create(workspace, draft("opt_in"))).id
    offers = (await region.types.create(workspace, draft("opt_out", name="Offers"))).id
    contacts = []
    for number in range(3):
        contact = await new_contact(region, workspace, number)
        await choose(region, workspace, contact, newsletter, Choice.GRANTED)
        await choose(region, workspace, contact, offers, Choice.WITHDRAWN)
        await region.contacts.update(AUTHOR, workspace, contact, lambda c: ContactDraft(c.profile, True))
        await region.types.translate(workspace, offers, Translation(f"Offers {number}", "Reworded", "en"))
        await choose(region, workspace, contact, newsletter, Choice.NONE)
        await choose(region, workspace, contact, offers, Choice.GRANTED)
        contacts.append(contact)
    contacts.append(await new_contact(region, workspace, 3))
    return workspace, contacts


async def new_contact(region: Region, workspace: str, number: int) -> str:
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


def written_by(story: Story, folder: Path) -> Ledger:
    """A database file with what a story writes."""
    path = folder / "sayso.db"

    async def write() -> Ledger:
        stores.bring_up_to_date(path, NOON)
        store = stores.sqlite(path, checkpoints=True)
        try:
            return Ledger(path, *await story(store))
        finally:
            await store.close()

    return asyncio.run(write())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return written_by(write_story, tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def ledger(written: Ledger, tmp_path: Path) -> Ledger:
    return written.copy(tmp_path / "sayso.db")


def reword_after_reads(
    store: Store, workspace_id: str, monkeypatch: pytest.MonkeyPatch, part: Any, method: str
) -> list[str]:
    """Translate the first type anew after each of the first five reads by this method; the names it got, so far."""
    region, read = Region.on("us", store, Clock(), RandomIds()), getattr(part, method)
    names: list[str] = []

    async def read_and_reword(*place: Any) -> Any:
        found = await read(*place)
        if len(names) < 5:
            names.append(f"News {len(names) + 1}")
            await region.types.translate(workspace_id, "1", Translation(names[-1], "Reworded", "en"))
        return found

    monkeypatch.setattr(part, method, read_and_reword)
    return names
