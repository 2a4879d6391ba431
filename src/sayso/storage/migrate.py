"""Migrations: numbered files, forward only, one transaction each."""

from __future__ import annotations

import re
from importlib import resources

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage.sqlite import CLUSTERED

_TABLE = "CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)"
_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\);", re.DOTALL)


class NewerSchema(Unavailable):
    """The database was written by a later version of this program."""


def files() -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = resources.files("sayso.storage") / "schema"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name.removesuffix(".sql"), entry.read_text()) for entry in found)


def pending(connection: apsw.Connection) -> list[str]:
    """The names of the migrations a database still needs. Raises NewerSchema."""
    known = [name for name, _ in files()]
    applied = _applied(connection)
    newer = sorted(applied - set(known))
    if newer:
        raise NewerSchema(f"the database has migrations this version does not know: {', '.join(newer)}")
    return [name for name in known if name not in applied]


def migrate(connection: apsw.Connection, now: int) -> list[str]:
    """Bring a database up to date, and say what was applied. Raises NewerSchema."""
    if not pending(connection):
        return []
    return [name for name, sql in files() if _apply(connection, name, sql, now)]


def _apply(connection: apsw.Connection, name: str, sql: str, now: int) -> bool:
    """Apply one migration. Looked up inside the transaction: another process may have been faster."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_TABLE)
        needed = name in pending(connection)
        if needed:
            connection.execute(for_sqlite(sql))
            connection.execute("INSERT INTO migrations (name, applied_at) VALUES (?1, ?2)", (name, now))
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


def _applied(connection: apsw.Connection) -> set[str]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchall()
    if not there:
        return set()
    return {str(name) for (name,) in connection.execute("SELECT name FROM migrations").fetchall()}
