"""Migrations: numbered files, forward only, one transaction each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage.sqlite import CLUSTERED

TABLE = """CREATE TABLE IF NOT EXISTS migrations
(name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)"""
_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\);", re.DOTALL)


class NewerSchema(Unavailable):
    """The database was written by a later version of this program."""


class OtherSchema(Unavailable):
    """The database was made by another text of a migration than this version's: only before a release it may change."""


def files() -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = resources.files("sayso.storage") / "schema"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name.removesuffix(".sql"), entry.read_text()) for entry in found)


def digest(sql: str) -> str:
    """What is kept of a migration's text."""
    return sha256(sql.encode()).hexdigest()


def pending(connection: apsw.Connection) -> list[str]:
    """The names of the migrations a database still needs. Raises NewerSchema, OtherSchema."""
    return lacking(_applied(connection))


def lacking(applied: Mapping[str, str]) -> list[str]:
    """The names of the migrations that were not applied; `applied` gives the digest of each that was.

    Raises NewerSchema, OtherSchema.
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
    return [name for name in known if name not in applied]


def migrate(connection: apsw.Connection, now: int) -> list[str]:
    """Bring a database up to date, and say what was applied. Raises NewerSchema, OtherSchema."""
    if not pending(connection):
        return []
    return [name for name, sql in files() if _apply(connection, name, sql, now)]


def _apply(connection: apsw.Connection, name: str, sql: str, now: int) -> bool:
    """Apply one migration. Looked up inside the transaction: another process may have been faster."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(TABLE)
        needed = name in pending(connection)
        if needed:
            connection.execute(for_sqlite(sql))
            kept = (name, digest(sql), now)
            connection.execute("INSERT INTO migrations (name, sha256, applied_at) VALUES (?1, ?2, ?3)", kept)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return needed


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


def _refuse_another_s(connection: apsw.Connection) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    if tables != [(0,)]:
        raise OtherSchema("the database holds another program's tables, and none of Sayso's: name a new file")
