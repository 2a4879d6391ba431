"""Migrations give tables their places: new ones and full ones, once, and on where they were cut short.

Without Citus a stand-in takes the calls, on a real PostgreSQL. Where `SAYSO_TEST_CITUS_URL` names a coordinator, the whole
suite of the store runs there, and so do the statements of each request below.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.cast import NOON
from tests.conftest import CITUS_URL
from tests.postgres import Cluster, store_on
from tests.storage.test_hot_statements import hot, on_shards

from sayso.domain.errors import Unavailable
from sayso.storage import postgres
from sayso.storage.citus import DISTRIBUTED, TABLES
from sayso.storage.cluster import facts
from sayso.storage.engine import Statement
from sayso.storage.migrate import files
from sayso.storage.postgres_migrate import bring_up_to_date, still_pending
from sayso.storage.url import DatabaseUrl

STAND_IN = Path(__file__).with_name("citus_stand_in.sql").read_text()
MIGRATIONS = [name for name, _ in files()]
EVERYWHERE = [f"{table} on Citus" for table in TABLES]


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


@pytest.fixture
async def stand_in(connection: asyncpg.Connection) -> asyncpg.Connection:
    await connection.execute(STAND_IN)
    return connection


async def placed(connection: asyncpg.Connection) -> dict[str, str | None]:
    rows = await connection.fetch("SELECT logicalrelid::text, partkey FROM pg_dist_partition")
    return dict(rows)


async def test_a_new_database_on_citus_is_migrated_and_every_table_placed(stand_in: asyncpg.Connection, database: str):
    assert MIGRATIONS + EVERYWHERE == await bring_up_to_date(database, NOON)

    found = await placed(stand_in)

    assert set(TABLES) == found.keys()
    assert {place.table: place.column for place in DISTRIBUTED} == {
        table: column for table, column in found.items() if column
    }


async def test_what_was_placed_is_left_alone(stand_in: asyncpg.Connection, database: str):
    await bring_up_to_date(database, NOON)

    assert [] == await still_pending(database)
    assert [] == await bring_up_to_date(database, NOON)


async def test_a_full_database_is_spread_and_takes_up_no_room_on_the_coordinator(
    connection: asyncpg.Connection, database: str
):
    await bring_up_to_date(database, NOON)
    await connection.execute("INSERT INTO contact_keys VALUES ('acme', 'email', 'a@example.com', '\\x01', 'live', 1)")
    await connection.execute(STAND_IN)

    assert EVERYWHERE == await still_pending(database)
    assert EVERYWHERE == await bring_up_to_date(database, NOON)
    assert [("a@example.com",)] == await connection.fetch("SELECT value FROM shards.contact_keys")
    assert [(0,)] == await connection.fetch("SELECT pg_relation_size('contact_keys')")
    assert [(len(MIGRATIONS),)] == await connection.fetch("SELECT count(*) FROM shards.migrations")


async def test_placing_that_was_cut_short_goes_on_where_it_was(stand_in: asyncpg.Connection, database: str):
    await stand_in.execute("ALTER FUNCTION create_reference_table(regclass) RENAME TO gone")
    with pytest.raises(Unavailable, match="create_reference_table"):
        await bring_up_to_date(database, NOON)
    distributed = await placed(stand_in)
    await stand_in.execute("ALTER FUNCTION gone(regclass) RENAME TO create_reference_table")

    assert [place.table for place in DISTRIBUTED] == list(distributed)
    assert EVERYWHERE[len(DISTRIBUTED) :] == await bring_up_to_date(database, NOON)
    assert set(TABLES) == (await placed(stand_in)).keys()


async def test_room_that_was_not_given_back_is_given_back_by_the_next(connection: asyncpg.Connection, database: str):
    await bring_up_to_date(database, NOON)
    await connection.execute("INSERT INTO contact_keys VALUES ('acme', 'email', 'a@example.com', '\\x01', 'live', 1)")
    await connection.execute(STAND_IN)
    await connection.execute("ALTER FUNCTION truncate_local_data_after_distributing_table(regclass) RENAME TO gone")
    with pytest.raises(Unavailable, match="truncate_local_data"):
        await bring_up_to_date(database, NOON)
    await connection.execute("ALTER FUNCTION gone(regclass) RENAME TO truncate_local_data_after_distributing_table")

    await bring_up_to_date(database, NOON)

    assert [(0,)] == await connection.fetch("SELECT pg_relation_size('contact_keys')")
    assert [(1,)] == await connection.fetch("SELECT count(*) FROM shards.contact_keys")


async def test_processes_that_start_at_once_place_each_table_once(stand_in: asyncpg.Connection, database: str):
    told = await asyncio.gather(*(bring_up_to_date(database, NOON) for _ in range(4)))

    assert sorted(MIGRATIONS + EVERYWHERE) == sorted(name for names in told for name in names)
    assert set(TABLES) == (await placed(stand_in)).keys()


async def test_doctor_tells_of_a_citus_that_tells_others(stand_in: asyncpg.Connection, cluster: Cluster, database: str):
    name = database.rpartition("/")[2]
    told = []
    for value in ("DEFAULT", "on", "off"):
        cluster.sql(f"ALTER DATABASE {name} SET citus.enable_statistics_collection = {value}")
        told += [fact[1:] for fact in await facts(DatabaseUrl(database), 5) if fact[0] == "citus"]

    assert ("ok", "0-stand-in") == told[0] == told[2]
    assert "note" == told[1][0]
    assert "citus.enable_statistics_collection = off" in told[1][1]


async def test_on_citus_no_request_shares_a_statement_with_another(
    connection: asyncpg.Connection, database: str, monkeypatch: pytest.MonkeyPatch
):
    """It would touch the shards of both. On one server they do: there what makes them share is asked."""
    await bring_up_to_date(database, NOON)
    monkeypatch.setattr(postgres, "for_many", refuse)
    monkeypatch.setattr(postgres, "choice", refuse)

    with pytest.raises(AssertionError, match="shared"):
        await read_and_choose(database)
    await connection.execute(STAND_IN)
    await read_and_choose(database)


def refuse(_: object) -> None:
    raise AssertionError("shared")


async def read_and_choose(database: str) -> None:
    """Several times: what it is that it is connected to, an engine knows once it is."""
    opened = await store_on(DatabaseUrl(database))
    try:
        await opened.workspace.all()
        for _ in range(3):
            await asyncio.gather(*(opened.contact.standing("acme", f"{number:024x}") for number in range(3)))
            await opened.engine.commit([Statement("DELETE FROM tokens WHERE workspace_id = $1", ("acme",))] * 2)
    finally:
        await opened.close()


# Each hot statement, as the planner sees it.

EXAMPLES = {"text": "x", "bytea": b"x", "int8": 1, "int4": 1}


@pytest.fixture(params=["postgresql", *(["citus"] if CITUS_URL else [])])
async def planner(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    url = request.getfixturevalue("citus" if request.param == "citus" else "shared_database")
    await bring_up_to_date(url, NOON)
    opened = await asyncpg.connect(url)
    yield request.param, opened
    await opened.close()


async def plan(connection: asyncpg.Connection, sql: str) -> str:
    prepared = await connection.prepare(sql)
    given: list[Any] = [EXAMPLES[kind.name] for kind in prepared.get_parameters()]
    return "\n".join(line for (line,) in await connection.fetch(f"EXPLAIN (COSTS OFF) {sql}", *given))


async def test_a_hot_statement_is_one_task_and_reads_by_an_index(planner: tuple[str, asyncpg.Connection]):
    engine, connection = planner
    # Tables of the tests are so small that reading them whole would be cheaper.
    await connection.execute("SET enable_seqscan = off")
    plans = {key: await plan(connection, sql) for key, sql in hot().items()}

    assert {} == {key: told for key, told in plans.items() if "Seq Scan" in told}
    if engine == "citus":
        assert {} == {key: told for key, told in plans.items() if "Task Count: 1\n" not in f"{told}\n"}


async def test_a_statement_over_all_contacts_is_told_from_one_by_an_index(planner: tuple[str, asyncpg.Connection]):
    _, connection = planner
    await connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")

    assert "Seq Scan" in await plan(connection, on_shards()["contact.py", "_STANDING"])
