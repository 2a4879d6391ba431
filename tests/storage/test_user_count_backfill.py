"""The code of the migration that counts companies' contacts, run on databases with and without servers beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.conftest import KINDS
from tests.sqlite import new_file

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import migrate, postgres_migrate
from sayso.storage import store as stores
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore

NAME = "0010_roles_and_user_counts"

#: How many contacts belong to each company; one of each of the full ones is archived.
MEMBERS = {"none": 0, "one": 1, "two": 2, "three": 3, "four": 4}


class Shop:
    """A database with companies in two workspaces, whose counts are wrong."""

    def __init__(self, store: SqlStore, place: Path | str) -> None:
        self.store = store
        self.place = place
        self.region = Region.on("us", store, Clock(), RandomIds())
        self.workspaces: list[str] = []
        self.companies: dict[tuple[str, str], str] = {}

    async def fill(self) -> None:
        for name in ("Acme", "Globex"):
            workspace_id = (await self.region.workspaces.create(name)).id
            self.workspaces.append(workspace_id)
            for external_id, number in MEMBERS.items():
                made = await self.region.companies.put(AUTHOR, workspace_id, external_id, lambda profile, _: profile)
                self.companies[workspace_id, external_id] = made.id
                for place in range(number + (number > 0)):
                    contact = await self.add(workspace_id, f"{external_id} {place}")
                    await self.region.contact_companies.attach(AUTHOR, workspace_id, contact, made.id)
                if number:
                    await self.region.contacts.archive(AUTHOR, workspace_id, contact)

    async def add(self, workspace_id: str, external_id: str) -> str:
        draft = ContactDraft(Profile(Role.USER, external_id=external_id))
        return (await self.region.contacts.create(AUTHOR, workspace_id, draft)).id

    async def spoil(self) -> None:
        await self.store.engine.commit([Statement("UPDATE companies SET user_count = 77", ())])

    async def run_again(self) -> None:
        if isinstance(self.place, Path):
            stores.run_again(self.place, NAME, NOON)
        else:
            await postgres_migrate.run_again(self.place, NAME, NOON)

    async def counts(self) -> dict[tuple[str, str], int]:
        return {
            key: (await self.region.companies.find(key[0], company_id)).user_count
            for key, company_id in self.companies.items()
        }


@pytest.fixture(params=[kind for kind in KINDS if kind != "memory"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    if request.param == "sqlite":
        path = new_file(tmp_path / "sayso.db")
        shop = Shop(stores.sqlite(path), path)
    else:
        url = request.getfixturevalue("database")
        await postgres_migrate.bring_up_to_date(url, NOON)
        shop = Shop(await stores.postgres(url), url)
    await shop.fill()
    yield shop
    await shop.store.close()


@pytest.mark.parametrize("batch", [1, 3, 10, 100])
async def test_every_company_is_counted_in_batches_of_any_size(shop: Shop, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(migrate, "BATCH", batch)
    wanted = {(workspace_id, name): number for workspace_id in shop.workspaces for name, number in MEMBERS.items()}
    assert wanted == await shop.counts()
    await shop.spoil()

    await shop.run_again()

    assert wanted == await shop.counts()


@pytest.mark.parametrize("shop", [kind for kind in KINDS if kind == "postgres"], indirect=True)
async def test_who_joins_while_companies_are_counted_again_is_counted_once(shop: Shop):
    """Acme's company `one` is joined by a transaction that commits only after the counting has met it."""
    workspace_id = shop.workspaces[0]
    company_id = shop.companies[workspace_id, "one"]
    contact_id = await shop.add(workspace_id, "late")
    key = (workspace_id, bytes.fromhex(company_id))
    joining = await asyncpg.connect(str(shop.place))
    transaction = joining.transaction()
    await transaction.start()
    await joining.execute(
        "INSERT INTO contact_companies (workspace_id, contact_id, company_id, attached_at) VALUES ($1, $2, $3, 0)",
        workspace_id,
        bytes.fromhex(contact_id),
        key[1],
    )
    add = "UPDATE companies SET user_count = user_count + 1 WHERE workspace_id = $1 AND company_id = $2"
    await joining.execute(add, *key)

    counting = asyncio.create_task(shop.run_again())
    while not await joining.fetchval("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"):
        assert not counting.done()
    await transaction.commit()
    await counting
    await joining.close()

    assert MEMBERS["one"] + 1 == (await shop.counts())[workspace_id, "one"]
