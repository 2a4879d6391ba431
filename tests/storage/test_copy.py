"""An embedded database copied into PostgreSQL: whole, in portions, and never into other data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import apsw
import asyncpg
import pytest
from tests.cast import AUTHOR, NOON, TOKEN, draft
from tests.machine import DEADLINE

from sayso.domain.access import ALL_SCOPES
from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import Conflict, Invalid, Unavailable
from sayso.domain.standing import Choice
from sayso.service.company import Wish as Wished
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.storage import copy as copying
from sayso.storage import store as stores
from sayso.storage.database import at
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.url import DatabaseUrl

CONTACTS = 23

Copy = Callable[..., Awaitable[dict[str, int]]]


def named(name: str) -> Wished:
    return lambda profile, _: replace(profile, name=name)


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """A database file in which people have chosen, changed and left."""
    path = tmp_path / "sayso.db"
    stores.bring_up_to_date(path, NOON)
    store = stores.sqlite(path, checkpoints=True)
    region = Region.on("us", store, now, RandomIds())
    workspace = await region.workspaces.create("Acme \N{SNOWMAN}")
    await region.workspaces.create("Globex")
    await region.access.create(workspace.id, "all", ALL_SCOPES, "us", TOKEN)
    type_ = await region.types.create(workspace.id, draft())
    for number in range(CONTACTS):
        profile = Profile(Role.USER, external_id=f"{number}", email=f"p{number}@example.com", name="Zo\u00eb")
        contact = await region.contacts.create(AUTHOR, workspace.id, ContactDraft(profile))
        for choice in (Choice.GRANTED, Choice.WITHDRAWN)[: number % 3]:
            await region.consent.choose(AUTHOR, workspace.id, contact.id, type_.id, lambda _, c=choice: Wish(c))
        company = await region.companies.put(AUTHOR, workspace.id, f"{number % 2}", named("Big \N{SNOWMAN}"))
        await region.contact_companies.attach(AUTHOR, workspace.id, contact.id, company.id)
        if number % 5 == 0:
            await region.contacts.delete(AUTHOR, workspace.id, contact.id)
    await region.scrolls.page(workspace.id, None)
    await store.close()
    return path


@pytest.fixture
async def target(database: str) -> DatabaseUrl:
    await bring_up_to_date(database, NOON)
    return DatabaseUrl(database)


@pytest.fixture
def copy(source: Path, target: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> Copy:
    """Copy the source into the target, seven rows at a time; `told` as the copy's own."""
    monkeypatch.setattr(copying, "PORTION", 7)

    async def run(told: Callable[[str, int], None] = lambda *_: None) -> dict[str, int]:
        return await copying.copy(source, target, DEADLINE, told)

    return run


Rows = dict[str, list[tuple[object, ...]]]


def rows_of(source: Path) -> Rows:
    connection = apsw.Connection(str(source))
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    found = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
    connection.close()
    found.pop("migrations")
    found.pop("migrating")
    return found


async def rows_at(target: DatabaseUrl, names: Rows) -> Rows:
    connection = await asyncpg.connect(target)
    found = {name: sorted(map(tuple, await connection.fetch(f"SELECT * FROM {name}")), key=repr) for name in names}
    await connection.close()
    return found


async def test_every_row_is_copied_and_everything_holds(copy: Copy, source: Path, target: DatabaseUrl):
    rows = await copy()
    await copying.finish(target, DEADLINE)
    expected = rows_of(source)

    assert expected == await rows_at(target, expected)
    assert {name: len(found) for name, found in expected.items()} == rows
    assert (CONTACTS, 2) == (rows["contacts"], rows["workspaces"])
    opened = await at(target, DEADLINE).open(serving=True)
    report = await verify(opened)
    await opened.close()
    assert (CONTACTS, rows["ledger"], []) == (report.contacts, report.entries, report.problems)


class Stopped(Exception):
    """The power, in the middle of a copy."""


async def test_a_copy_that_is_stopped_after_each_portion_goes_on_where_it_was(
    copy: Copy, source: Path, target: DatabaseUrl
):
    heard: list[tuple[str, int]] = []

    def stop(table: str, rows: int) -> None:
        heard.append((table, rows))
        raise Stopped

    rows: dict[str, int] = {}
    while not rows:
        try:
            rows = await copy(stop)
        except Stopped:
            assert len(heard) < 100

    expected = rows_of(source)
    assert expected == await rows_at(target, expected)
    assert len(set(heard)) == len(heard), "no portion was copied twice"
    assert [("contacts", 7), ("contacts", 14), ("contacts", 21), ("contacts", 23)] == [
        one for one in heard if one[0] == "contacts"
    ]


async def test_no_server_opens_a_part_of_a_copy(copy: Copy, target: DatabaseUrl):
    await copy()

    with pytest.raises(Unavailable, match="finish it with `sayso migrate --to`"):
        await at(target, DEADLINE).open(serving=True)
    await copying.finish(target, DEADLINE)
    await (await at(target, DEADLINE).open(serving=True)).close()


@pytest.mark.parametrize("what", ["contact", "company"])
async def test_a_copy_is_not_gone_on_with_when_its_source_was_written_to(copy: Copy, source: Path, what: str):
    def stop(table: str, rows: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await copy(stop)
    store = stores.sqlite(source)
    region = Region.on("us", store, now, RandomIds())
    workspace = (await region.workspaces.all())[0]
    if what == "contact":
        await region.contacts.create(AUTHOR, workspace.id, ContactDraft(Profile(Role.LEAD)))
    else:
        await region.companies.put(AUTHOR, workspace.id, "0", named("changed"))
    await store.close()

    with pytest.raises(Conflict, match="of this one before it was written to"):
        await copy()


@pytest.mark.parametrize("table", ["workspaces", "contacts", "events"])
async def test_a_target_that_holds_other_data_is_left_alone(copy: Copy, source: Path, target: DatabaseUrl, table: str):
    there = apsw.Connection(str(source)).execute(f"SELECT * FROM {table} LIMIT 1").fetchall()
    connection = await asyncpg.connect(target)
    await connection.copy_records_to_table(table, records=there)
    await connection.close()
    before = await rows_at(target, rows_of(source))

    with pytest.raises(Conflict, match=f"holds data already, in {table}"):
        await copy()
    assert before == await rows_at(target, before)


async def test_a_copy_that_came_to_something_else_is_told(copy: Copy, target: DatabaseUrl):
    async def lose(connection: asyncpg.Connection) -> None:
        await connection.execute("DELETE FROM ledger WHERE seq = 2")

    await copy()
    connection = await asyncpg.connect(target)
    await lose(connection)
    await connection.close()

    with pytest.raises(Conflict, match="not like the source, in ledger"):
        await copy()


async def test_what_postgresql_cannot_keep_is_told_without_the_value(copy: Copy, source: Path):
    connection = apsw.Connection(str(source))
    connection.execute("UPDATE contacts SET name = 'hunter' || char(0) || '2'")
    connection.close()

    with pytest.raises(Invalid) as refused:
        await copy()
    assert "a row of contacts holds what PostgreSQL cannot keep" in refused.value.message
    assert "hunter" not in refused.value.message


async def test_a_command_that_writes_to_the_source_meanwhile_is_refused(copy: Copy, source: Path):
    busy = []

    def told(table: str, rows: int) -> None:
        connection = apsw.Connection(str(source))
        try:
            connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            busy.append(table)
        connection.close()

    await copy(told)

    assert "contacts" in busy
