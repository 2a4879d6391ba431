"""Migrations: each applied once, whole or not at all, and never over a later version's."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.cast import NOON
from tests.machine import DEADLINE

from sayso.domain.errors import Unavailable
from sayso.storage import migrate as migrations
from sayso.storage import sqlite, store
from sayso.storage.backfill import Backfill, Batch
from sayso.storage.lock import locked
from sayso.storage.migrate import NewerSchema, OtherSchema, OutOfOrder, files, migrate, pending

ALL = [name for name, _ in files()]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(sqlite.connect(tmp_path / "sayso.db")) as opened:
        yield opened


def tables(connection: apsw.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}


def test_a_new_database_needs_every_migration_and_then_none(connection: apsw.Connection):
    assert ALL == pending(connection)
    assert ALL == migrate(connection, NOON)
    assert [] == pending(connection)


def test_migrating_again_changes_nothing(connection: apsw.Connection):
    migrate(connection, NOON)
    before = connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall()

    assert [] == migrate(connection, NOON + 1)

    assert before == connection.execute("SELECT * FROM sqlite_master ORDER BY name").fetchall()
    assert [(NOON,)] == connection.execute("SELECT DISTINCT applied_at FROM migrations").fetchall()


def test_a_database_of_a_later_version_is_refused_and_left_alone(connection: apsw.Connection):
    migrate(connection, NOON)
    connection.execute("INSERT INTO migrations VALUES ('9999_later', '', 1)")

    with pytest.raises(NewerSchema, match="9999_later"):
        migrate(connection, NOON)
    with pytest.raises(NewerSchema):
        pending(connection)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE migrations SET sha256 = 'of another text'",
        "UPDATE migrations SET sha256 = x'00'",
        "ALTER TABLE migrations DROP COLUMN sha256",
    ],
)
def test_a_database_made_by_another_text_of_a_migration_is_refused_and_left_alone(
    connection: apsw.Connection, sql: str
):
    migrate(connection, NOON)
    connection.execute(sql)
    before = connection.execute("SELECT * FROM migrations").fetchall()

    for use in (pending, lambda opened: migrate(opened, NOON)):
        with pytest.raises(OtherSchema, match="made by another state of 0001_initial"):
            use(connection)
    assert before == connection.execute("SELECT * FROM migrations").fetchall()


def test_a_migration_that_is_pending_behind_a_later_one_is_refused_and_the_database_left_alone(
    connection: apsw.Connection,
):
    """To run its code now would take altered rows for original ones."""
    migrate(connection, NOON)
    for sql in (
        "INSERT INTO migrating VALUES ('0003_settings_log', '')",
        "DELETE FROM migrations WHERE name = '0003_settings_log'",
    ):
        connection.execute(sql)
        for use in (pending, lambda opened: migrate(opened, NOON)):
            with pytest.raises(OutOfOrder, match=r"0003_settings_log is not finished, .*0004_changed_rows"):
                use(connection)
        assert [("0003_settings_log", "")] == connection.execute("SELECT * FROM migrating").fetchall()


def test_another_program_s_database_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "sayso.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE somebody_else_s (a TEXT)")
    before = path.read_bytes()

    for use in (store.still_pending, lambda path: store.bring_up_to_date(path, NOON)):
        with pytest.raises(OtherSchema, match="another program's tables"):
            use(path)
    assert before == path.read_bytes()


def test_a_migration_that_fails_leaves_nothing_behind(connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch):
    migrate(connection, NOON)
    before = tables(connection)
    half = ("9998_half", "CREATE TABLE half (a TEXT NOT NULL\n); INSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(migrations, "files", lambda: [*files(), half])

    with pytest.raises(apsw.SQLError):
        migrate(connection, NOON)

    assert before == tables(connection)
    assert ["9998_half"] == pending(connection)
    assert not connection.in_transaction


def test_two_processes_that_migrate_at_once_apply_each_migration_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "sayso.db"
    later = [(f"9{number:03}_later", f"CREATE TABLE later_{number} (a TEXT NOT NULL\n);") for number in range(40)]
    store.bring_up_to_date(path, NOON)
    monkeypatch.setattr(migrations, "files", lambda: [*files(), *later])
    # SQLite lets in whoever asks next, not whoever has waited longest.
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", int(1_000 * DEADLINE))
    applied: list[list[str]] = []
    start = threading.Barrier(4)

    def process() -> None:
        with closing(sqlite.connect(path)) as connection:
            start.wait(DEADLINE)
            applied.append(migrate(connection, NOON))

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)

    assert 4 == len(applied)
    assert [name for name, _ in later] == sorted(name for names in applied for name in names)


# Migrations with code.

COUNTED = ("9997_counted", "CREATE TABLE counted (a BIGINT NOT NULL, at BIGINT NOT NULL\n);")


class Stopped(Exception):
    """What stands for a kill."""


async def count_to_ten(batch: Batch) -> str | None:
    """Write the numbers from 1 to 10, each with the time the migration began."""
    rows = await batch.read("SELECT count(*) FROM counted WHERE a > $1", -1)
    assert rows == [(int(batch.place or 0),)]
    numbers = range(rows[0][0] + 1, min(rows[0][0] + batch.limit, 10) + 1)
    await batch.write("INSERT INTO counted (a, at) VALUES ($1, $2)", [(number, batch.now) for number in numbers])
    return str(numbers[-1]) if numbers else None


def counting(monkeypatch: pytest.MonkeyPatch, backfill: Backfill = count_to_ten) -> None:
    monkeypatch.setattr(migrations, "files", lambda: [*files(), COUNTED])
    monkeypatch.setattr(migrations, "BATCH", 3)
    monkeypatch.setitem(migrations.BACKFILLS, COUNTED[0], backfill)


def stopping_at(place: str) -> Backfill:
    async def stop(batch: Batch) -> str | None:
        reached = await count_to_ten(batch)
        if batch.place == place:
            raise Stopped
        return reached

    return stop


def test_the_code_of_a_migration_runs_in_batches_until_nothing_is_left(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch
):
    counting(monkeypatch)
    sizes: list[tuple[int]] = []

    async def watch(batch: Batch) -> str | None:
        reached = await count_to_ten(batch)
        sizes.extend(await batch.read("SELECT count(*) FROM counted"))
        return reached

    monkeypatch.setitem(migrations.BACKFILLS, COUNTED[0], watch)

    assert [*ALL, COUNTED[0]] == migrate(connection, NOON)

    assert [(3,), (6,), (9,), (10,), (10,)] == sizes
    assert [] == pending(connection)


@pytest.mark.parametrize("place", ["", "3", "9", "10"])
def test_code_that_was_stopped_in_a_batch_goes_on_after_the_batch_before(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch, place: str
):
    counting(monkeypatch, stopping_at(place))
    with pytest.raises(Stopped):
        migrate(connection, NOON)
    assert [COUNTED[0]] == pending(connection)
    assert [(int(place or 0),)] == connection.execute("SELECT count(*) FROM counted").fetchall()

    counting(monkeypatch)
    assert [COUNTED[0]] == migrate(connection, NOON + 1)

    assert [(number, NOON) for number in range(1, 11)] == connection.execute("SELECT a, at FROM counted").fetchall()
    assert [] == pending(connection)


def test_the_log_does_not_grow_with_what_the_code_of_a_migration_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "sayso.db"

    async def write_much(batch: Batch) -> str | None:
        await batch.write("INSERT INTO counted (a, at) VALUES ($1, $2)", [(n, n) for n in range(1, 2_000)])
        return f"{batch.place}." if len(batch.place) < 40 else None

    counting(monkeypatch, write_much)
    monkeypatch.setattr(migrations, "CHECKPOINT_PAGES", 20)
    with closing(sqlite.connect(path)) as connection:
        migrate(connection, NOON)

        log, file = path.with_name("sayso.db-wal").stat().st_size, path.stat().st_size

    assert log < file / 2


def test_a_database_whose_migration_has_not_finished_is_refused_by_older_programs(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch
):
    counting(monkeypatch, stopping_at("3"))
    with pytest.raises(Stopped):
        migrate(connection, NOON)
    monkeypatch.setattr(migrations, "files", files)

    with pytest.raises(NewerSchema, match=COUNTED[0]):
        pending(connection)


def test_code_that_waits_for_anything_else_than_its_batch_is_refused(
    connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch
):
    async def wait(batch: Batch) -> str | None:
        await asyncio.sleep(0)
        return None

    counting(monkeypatch, wait)

    with pytest.raises(RuntimeError, match="the backfill waited"):
        migrate(connection, NOON)
    assert [COUNTED[0]] == pending(connection)


def test_processes_that_run_the_same_code_at_once_do_each_batch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "sayso.db"
    store.bring_up_to_date(path, NOON)
    counting(monkeypatch)
    # SQLite lets in whoever asks next, not whoever has waited longest.
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", int(1_000 * DEADLINE))
    applied: list[list[str]] = []
    start = threading.Barrier(4)

    def process() -> None:
        with closing(sqlite.connect(path)) as connection:
            start.wait(DEADLINE)
            applied.append(migrate(connection, NOON))

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)

    assert [[], [], [], [COUNTED[0]]] == sorted(applied)
    with closing(sqlite.connect(path)) as connection:
        assert [(number,) for number in range(1, 11)] == connection.execute("SELECT a FROM counted").fetchall()


def test_hot_tables_are_kept_in_the_order_of_their_keys(connection: apsw.Connection):
    migrate(connection, NOON)

    clustered = {
        name
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        if sql.endswith("WITHOUT ROWID")
    }

    assert sqlite.CLUSTERED == clustered


def test_a_database_is_made_with_its_folder(tmp_path: Path):
    path = tmp_path / "a" / "b" / "sayso.db"

    assert ALL == store.still_pending(path)
    assert not path.exists()
    assert ALL == store.bring_up_to_date(path, NOON)
    assert [] == store.still_pending(path)


def test_a_new_database_is_its_owner_s_alone_wherever_it_lies(tmp_path: Path):
    tmp_path.chmod(0o755)
    path = tmp_path / "sayso.db"
    store.bring_up_to_date(path, NOON)
    with closing(sqlite.connect(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES ('a row for the log', '', 1)")

        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}

    assert {"sayso.db": 0o600, "sayso.db-wal": 0o600, "sayso.db-shm": 0o600} == modes


@pytest.mark.parametrize("use", [store.bring_up_to_date, lambda path, _: store.still_pending(path)])
def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path, use):
    path = tmp_path / "sayso.db"
    path.write_bytes(b"certainly not a database" * 1000)

    with pytest.raises(Unavailable, match=r"cannot use the database sayso\.db"):
        use(path, NOON)


@pytest.mark.parametrize("use", [store.bring_up_to_date, lambda path, _: locked(path).__enter__()])
def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path, use):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Unavailable) as refused:
        use(tmp_path / "file" / "sayso.db", NOON)
    assert f"cannot use the database sayso.db: {tmp_path / 'file'}: {os.strerror(errno.EEXIST)}" == str(refused.value)
