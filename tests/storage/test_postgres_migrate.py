"""Migrations on PostgreSQL: each applied once, whole or not at all, and never over a later version's."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.cast import NOON
from tests.postgres import LOCALES, Cluster, apart
from tests.storage.test_migrate import COUNTED, Stopped, counting, stopping_at

from sayso.domain.errors import Unavailable
from sayso.storage import migrate as migrations
from sayso.storage.migrate import NewerSchema, OutOfOrder, files
from sayso.storage.postgres_migrate import bring_up_to_date, still_pending

ALL = [name for name, _ in files()]


async def columns(url: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("""SELECT table_name, column_name, data_type, collation_name
            FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""")
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


async def test_a_new_database_needs_every_migration_and_then_none(database: str):
    assert ALL == await still_pending(database)
    assert ALL == await bring_up_to_date(database, NOON)
    assert [] == await still_pending(database)
    assert [] == await bring_up_to_date(database, NOON)


async def test_text_is_kept_in_the_order_of_its_bytes_whatever_the_database_s_language(database: str):
    await bring_up_to_date(database, NOON)

    kept = await columns(database)

    assert {"C"} == {collation for _, _, kind, collation in kept if kind == "text"}
    assert {"text", "bigint", "integer", "bytea"} == {kind for _, _, kind, _ in kept}


async def test_a_database_of_a_later_version_is_refused_and_left_alone(cluster: Cluster, database: str):
    await bring_up_to_date(database, NOON)
    cluster.sql("INSERT INTO migrations (name, sha256, applied_at) VALUES ('9999_later', '', 1)", url=database)

    with pytest.raises(NewerSchema, match="9999_later"):
        await bring_up_to_date(database, NOON)
    with pytest.raises(NewerSchema):
        await still_pending(database)


async def test_a_migration_that_is_pending_behind_a_later_one_is_refused(cluster: Cluster, database: str):
    await bring_up_to_date(database, NOON)
    cluster.sql("INSERT INTO migrating VALUES ('0003_settings_log', '')", url=database)

    with pytest.raises(OutOfOrder, match=r"0003_settings_log is not finished, .*0004_changed_rows"):
        await bring_up_to_date(database, NOON)
    with pytest.raises(OutOfOrder):
        await still_pending(database)


async def test_a_migration_that_fails_leaves_nothing_behind(database: str, monkeypatch: pytest.MonkeyPatch):
    await bring_up_to_date(database, NOON)
    before = await columns(database)
    half = ("9998_half", "CREATE TABLE half (a TEXT NOT NULL\n); INSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(migrations, "files", lambda: [*files(), half])

    with pytest.raises(Unavailable, match="nowhere"):
        await bring_up_to_date(database, NOON)

    assert before == await columns(database)
    assert ["9998_half"] == await still_pending(database)


async def test_processes_that_migrate_at_once_apply_each_migration_once(database: str, monkeypatch: pytest.MonkeyPatch):
    later = [(f"9{number:03}_later", f"CREATE TABLE later_{number} (a TEXT NOT NULL\n);") for number in range(10)]
    monkeypatch.setattr(migrations, "files", lambda: [*files(), *later])

    applied = await asyncio.gather(*(bring_up_to_date(database, NOON) for _ in range(4)))

    assert sorted([*ALL, *(name for name, _ in later)]) == sorted(name for names in applied for name in names)


async def test_the_code_of_a_migration_runs_in_batches_and_goes_on_after_a_stop(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
):
    counting(monkeypatch, stopping_at("6"))
    with pytest.raises(Stopped):
        await bring_up_to_date(database, NOON)
    assert [COUNTED[0]] == await still_pending(database)
    assert [(6,)] == [tuple(row) for row in cluster.sql("SELECT count(*) FROM counted", url=database)]

    counting(monkeypatch)
    assert [COUNTED[0]] == await bring_up_to_date(database, NOON + 1)

    rows = cluster.sql("SELECT a, at FROM counted ORDER BY a", url=database)
    assert [(number, NOON) for number in range(1, 11)] == [tuple(row) for row in rows]
    assert [] == await still_pending(database)


async def test_processes_that_run_the_same_code_at_once_do_each_batch_once(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
):
    await bring_up_to_date(database, NOON)
    counting(monkeypatch)

    applied = await asyncio.gather(*(bring_up_to_date(database, NOON) for _ in range(4)))

    assert [[], [], [], [COUNTED[0]]] == sorted(applied)
    rows = cluster.sql("SELECT a FROM counted ORDER BY a", url=database)
    assert [(number,) for number in range(1, 11)] == [tuple(row) for row in rows]


async def test_a_database_that_keeps_text_in_another_form_is_refused(cluster: Cluster):
    cluster.sql(f"CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 {LOCALES['C']}")

    with pytest.raises(Unavailable, match="LATIN1"):
        await still_pending(cluster.url_of("latin"))

    cluster.sql("DROP DATABASE latin")


@pytest.mark.parametrize(
    ("user", "name", "why"),
    [("sayso", "nowhere", 'database "nowhere" does not exist'), ("nobody:secret", "postgres", 'role "nobody"')],
)
def test_a_database_that_lets_nobody_in_is_told_in_one_line_without_the_password(
    cluster: Cluster, user: str, name: str, why: str
):
    with pytest.raises(Unavailable, match=why) as told:
        apart(still_pending(f"postgresql://{user}@127.0.0.1:{cluster.port}/{name}"))

    assert "secret" not in told.value.message
    assert "\n" not in told.value.message
