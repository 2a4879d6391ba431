"""Migrating databases that older programs wrote: nothing that people said is lost or changed, wherever it is killed."""

from __future__ import annotations

from contextlib import closing
from itertools import count, groupby
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest
from tests.cast import NOON
from tests.fixtures.make import Caller
from tests.fixtures.make import kept as said
from tests.postgres import Cluster
from tests.running import Running
from tests.storage.old_databases import (
    NAMES,
    ON_POSTGRES,
    ON_SQLITE,
    Rows,
    answers,
    content,
    copy_to_postgres,
    kept,
    unpack,
)

from sayso.domain.errors import Unavailable
from sayso.service.verify import verify
from sayso.storage import migrate as migrations
from sayso.storage import sqlite, store
from sayso.storage.postgres_migrate import bring_up_to_date, still_pending

#: So small that the code of each migration needs several batches.
BATCH = 20

named = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "BATCH", BATCH)


async def read_file(path: Path) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """What must be kept, and everything."""
    with closing(apsw.Connection(str(path))) as connection:

        async def read(sql: str) -> Rows:
            return connection.execute(sql).fetchall()

        return await kept(read), await content(read, ON_SQLITE)


async def read_postgres(url: str) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """As `read_file`."""
    connection = await asyncpg.connect(url)
    try:
        return await kept(connection.fetch), await content(connection.fetch, ON_POSTGRES)
    finally:
        await connection.close()


async def check(opened: store.SqlStore) -> None:
    """Nothing is wrong with what it holds."""
    try:
        report = await verify(opened)
    finally:
        await opened.close()
    assert [] == report.problems
    assert report.entries


def steps(pending: list[list[str]]) -> list[list[str]]:
    """What was pending after each kill, without repetitions."""
    return [names for names, _ in groupby(pending)]


# SQLite


def killed_everywhere(path: Path, folder: Path) -> list[Path]:
    """Migrate a file; copies of every state that the files had before a statement or at the end: what a kill leaves."""
    copies: list[Path] = []
    log = path.with_name(f"{path.name}-wal")
    last: list[bytes] = []

    def copy(*_: object) -> bool:
        nonlocal last
        state = [file.read_bytes() for file in (path, log) if file.exists()]
        if state != last:
            last = state
            copies.append(folder / f"{len(copies)}.db")
            for content, suffix in zip(state, ("", "-wal"), strict=False):
                copies[-1].with_name(f"{copies[-1].name}{suffix}").write_bytes(content)
        return True

    with closing(sqlite.connect(path)) as connection:
        connection.exec_trace = copy
        assert migrations.migrate(connection, NOON)
        copy()
    return copies


@named
async def test_a_file_whose_migration_was_killed_at_any_step_is_finished_by_the_next_one(name: str, tmp_path: Path):
    path = unpack(name, tmp_path / "whole.db")
    (before, _), wanted = await read_file(path), store.still_pending(path)
    copies = killed_everywhere(path, tmp_path)
    whole = await read_file(path)

    lacking = [store.still_pending(copy) for copy in copies]
    for copy, pending in zip(copies, lacking, strict=True):
        assert pending == store.bring_up_to_date(copy, NOON)
        assert whole == await read_file(copy)
        await check(store.sqlite(copy))

    assert before == whole[0]
    assert [wanted[at:] for at in range(len(wanted) + 1)] == steps(lacking)


@named
def test_a_server_serves_a_migrated_file(name: str, tmp_path: Path):
    unpack(name, tmp_path / "sayso-data" / "sayso.db")

    with Running(tmp_path) as server:
        serves(name, server)

    with Running(tmp_path) as server:
        serves(name, server, chosen=True)


# PostgreSQL


@named
async def test_a_postgresql_database_whose_migration_was_killed_at_any_step_is_finished_by_the_next_one(
    name: str, cluster: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await copy_to_postgres(unpack(name, tmp_path / "sayso.db"), database)
    (before, _), wanted = await read_postgres(database), await still_pending(database)
    template = database.rpartition("/")[2]
    lacking: list[list[str]] = []
    found = []
    for commits in count():
        with cluster.database(template) as url:
            was_killed = await migrate_until_killed(url, commits, monkeypatch)
            lacking.append(await still_pending(url))
            assert lacking[-1] == await bring_up_to_date(url, NOON)
            found.append(await read_postgres(url))
            await check(await store.postgres(url))
        if not was_killed:
            break

    whole = found[-1]
    assert before == whole[0]
    assert all(whole == one for one in found)
    assert [wanted[at:] for at in range(len(wanted) + 1)] == steps(lacking)


async def migrate_until_killed(url: str, commits: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Migrate on a connection that is cut before the COMMIT after so many; false where there are no more than these."""
    left, execute = commits, asyncpg.Connection.execute

    async def cut(self: asyncpg.Connection, query: str, *args: Any, **more: Any) -> str:
        nonlocal left
        if query.startswith("COMMIT"):
            left -= 1
            if left < 0:
                self.terminate()
        return await execute(self, query, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", cut)
        try:
            await bring_up_to_date(url, NOON)
        except Unavailable:
            assert left < 0
            return True
    return False


@named
async def test_a_server_serves_a_migrated_postgresql_database(name: str, database: str, tmp_path: Path):
    await copy_to_postgres(unpack(name, tmp_path / "sayso.db"), database)

    with Running(tmp_path, SAYSO_DATABASE_URL=database) as server:
        serves(name, server)
    await check(await store.postgres(database))


def serves(name: str, server: Running, *, chosen: bool = False) -> None:
    """Whether it says of every contact what the older program said, and takes a choice. `chosen`: it took one before."""
    for known in answers(name).values():
        with Caller(server.url, known["token"]) as call:
            contacts = list(known["contacts"])
            if not chosen:
                assert known == said(call, known["token"], contacts)
            call.detach(contacts[0], "1")
            call.attach(contacts[0], "1")
            new = call.contact(email=f"new{chosen}@example.com")
            call.attach(new, "1", "2")
            assert {"1", "2"} == {one["id"] for one in call("GET", f"/contacts/{new}/subscriptions")["data"]}
