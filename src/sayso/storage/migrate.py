"""Migrations: numbered files, forward only, one transaction each.

A migration that computes rows has code as well, in `BACKFILLS`. Its file is applied first, in one transaction with a
note that the code has not finished; then each batch of the code is one transaction with a note of how far it came.
Until the last one the migration is pending: a server refuses the database, and whoever migrates next goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Any

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage import address_backfill, chain_binding, settings_backfill, user_count_backfill
from sayso.storage.backfill import Backfill, run
from sayso.storage.engine import Row
from sayso.storage.sqlite import CLUSTERED
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_writer import CHECKPOINT_PAGES

#: The code of a migration, by its file's name without `.sql`.
BACKFILLS: dict[str, Backfill] = {
    "0002_chain_binding": chain_binding.give_keys,
    "0003_settings_log": settings_backfill.fill,
    "0007_normal_form": address_backfill.normalize,
    "0010_roles_and_user_counts": user_count_backfill.count_users,
}

#: How many rows a batch of such code works on.
BATCH = 2_000

# `migrating` has a row only while the code of a migration has not finished. An older program needs no knowledge of it:
# the migration is among the others from its first transaction on, and a program refuses those that it does not know.
TABLES = """CREATE TABLE IF NOT EXISTS migrations
(name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS migrating (name TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL)"""

BEGIN_BACKFILL = "INSERT INTO migrating (name, place) VALUES ($1, '')"
BACKFILL = """SELECT migrating.name, place, applied_at FROM migrating
JOIN migrations ON migrations.name = migrating.name"""
MOVE_BACKFILL = "UPDATE migrating SET place = $2 WHERE name = $1"
END_BACKFILL = "DELETE FROM migrating WHERE name = $1"

_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\);", re.DOTALL)


class NewerSchema(Unavailable):
    """The database was written by a later version of this program."""


class OtherSchema(Unavailable):
    """The database was made by another text of a migration than this version's: only before a release it may change."""


class OutOfOrder(Unavailable):
    """A migration is pending, and a later one was applied: no version does that."""


def files() -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = resources.files("sayso.storage") / "schema"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name.removesuffix(".sql"), entry.read_text()) for entry in found)


def digest(sql: str) -> str:
    """What is kept of a migration's text."""
    return sha256(sql.encode()).hexdigest()


def pending(connection: apsw.Connection) -> list[str]:
    """The names of the migrations a database still needs. Raises NewerSchema, OtherSchema, OutOfOrder."""
    return lacking(_applied(connection), _unfinished(connection))


def lacking(applied: Mapping[str, str], unfinished: Sequence[Row] = ()) -> list[str]:
    """The names of the migrations that were not applied; `applied` gives the digest of each whose file was, and
    `unfinished` is what `BACKFILL` finds.

    Raises NewerSchema, OtherSchema, OutOfOrder.
    """
    known = {name: digest(sql) for name, sql in files()}
    newer = sorted(set(applied) - set(known))
    if newer:
        raise NewerSchema(f"the database has migrations this version does not know: {', '.join(newer)}")
    other = sorted(name for name in applied if applied[name] != known[name])
    if other:
        raise OtherSchema(
            f"the database was made by another state of {', '.join(other)}, from before its release: "
            "use the version that made it, or begin with a new database"
        )
    half = {name for name, *_ in unfinished}
    found = [name for name in known if name not in applied or name in half]
    if found and (later := applied_after(found[0], applied)):
        raise OutOfOrder(describe_disorder(found[0], later))
    return found


def applied_after(name: str, applied: Iterable[str]) -> list[str]:
    """The migrations among `applied` that come after one."""
    return sorted(other for other in applied if other > name)


def describe_disorder(name: str, later: Sequence[str]) -> str:
    """`later` were applied, and `name` is pending: to apply it now could take altered rows for original ones."""
    return (
        f"the database was altered: the migration {name} is not finished, and later ones were applied "
        f"({', '.join(later)}); `sayso verify` tells what else differs; go back to a backup from before"
    )


def migrate(connection: apsw.Connection, now: int) -> list[str]:
    """Bring a database up to date, and say what was applied. Raises NewerSchema, OtherSchema, OutOfOrder."""
    if not pending(connection):
        return []
    return [name for name, sql in files() if _apply(connection, name, sql, now)]


def _apply(connection: apsw.Connection, name: str, sql: str, now: int) -> bool:
    """Apply one migration; false where another process did, which is looked up inside each transaction."""
    with _transaction(connection):
        connection.execute(TABLES)
        needed = name not in _applied(connection) and name in pending(connection)
        if needed:
            connection.execute(for_sqlite(sql))
            kept = (name, digest(sql), now)
            connection.execute("INSERT INTO migrations (name, sha256, applied_at) VALUES (?1, ?2, ?3)", kept)
            if name in BACKFILLS:
                connection.execute(dialect(BEGIN_BACKFILL), (name,))
    return _backfill(connection, name) if name in BACKFILLS else needed


def _backfill(connection: apsw.Connection, name: str) -> bool:
    """Run a migration's code to its end; false where another process came to that first."""
    # No server carries the log over meanwhile, and it would grow as long as all that is written.
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)
    while True:
        with _transaction(connection):
            found = [(place, began) for half, place, began in _unfinished(connection) if half == name]
            if not found:
                return False
            place = run(BACKFILLS[name](_Batch(connection, *found[0], BATCH)))
            if place is None:
                connection.execute(dialect(END_BACKFILL), (name,))
            else:
                connection.execute(dialect(MOVE_BACKFILL), (name, place))
        if place is None:
            return True


def run_again(connection: apsw.Connection, name: str, now: int) -> None:
    """Run the code of a migration that was applied, from its beginning."""
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)
    place: str | None = ""
    while place is not None:
        with _transaction(connection):
            place = run(BACKFILLS[name](_Batch(connection, place, now, BATCH)))


@dataclass(frozen=True)
class _Batch:
    connection: apsw.Connection
    place: str
    now: int
    limit: int

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return self.connection.execute(dialect(sql), params).fetchall()

    async def write(self, sql: str, rows: Sequence[Row]) -> None:
        self.connection.executemany(dialect(sql), rows)


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def for_sqlite(sql: str) -> str:
    """The shared schema as SQLite keeps it best."""

    def clustered(match: re.Match[str]) -> str:
        suffix = " WITHOUT ROWID" if match[1] in CLUSTERED else ""
        return f"CREATE TABLE {match[1]} ({match[2]}\n){suffix};"

    return _CREATE.sub(clustered, sql)


def _applied(connection: apsw.Connection) -> dict[str, str]:
    there = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'migrations'").fetchall()
    if not there:
        _refuse_another_s(connection)
        return {}
    # The first databases of all kept no digest.
    kept = "sha256" if "sha256" in str(there[0][0]) else "''"
    rows = connection.execute(f"SELECT name, {kept} FROM migrations").fetchall()
    return {str(name): str(known) for name, known in rows}


def _unfinished(connection: apsw.Connection) -> list[Row]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrating'").fetchall()
    return connection.execute(BACKFILL).fetchall() if there else []


def _refuse_another_s(connection: apsw.Connection) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_'").fetchall()
    if tables != [(0,)]:
        raise OtherSchema("the database holds another program's tables, and none of Sayso's: name a new file")
