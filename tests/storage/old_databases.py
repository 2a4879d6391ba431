"""Databases that older programs wrote, from `tests/fixtures`, and what must still be in them after a migration."""

from __future__ import annotations

import json
import lzma
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import asyncpg

from sayso.storage import migrate
from sayso.storage.postgres_migrate import for_postgres

FOLDER = Path(__file__).parents[1] / "fixtures"
NAMES = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.db.xz"))

Rows = list[tuple[Any, ...]]

#: Runs a SELECT.
Read = Callable[[str], Awaitable[Rows]]

#: The table and the name of each column, in the order of `SELECT *`.
ON_SQLITE = """SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
ORDER BY m.name, c.cid"""
ON_POSTGRES = """SELECT relname::text, attname::text FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
ORDER BY relname, attnum"""

#: Columns that a migration fills at random, and those that follow from them.
RANDOM = {("contacts", "binding_key"), ("settings_log", "id"), ("settings_log", "prev"), ("settings_log", "hash")}

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"

#: Every hash, choice and address: no migration changes them.
KEPT = {
    "ledger": """workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash""",
    "contacts": """workspace_id, contact_id, state, subject, head_seq, head_hash, standing, role, external_id, email,
phone""",
    "subscription_types": "workspace_id, type_id, state, consent_type, channels, default_locale, wording",
    "translations": "workspace_id, type_id, place, locale, name, description",
    "notices": "workspace_id, type_id, version, locale, name, description",
    "tokens": "workspace_id, token_id, digest, scopes, revoked_at",
}


def answers(name: str) -> dict[str, Any]:
    """What the older program said of each workspace's contacts, and a token to ask with, by the workspace's name."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def unpack(name: str, path: Path) -> Path:
    """Write the database file of a fixture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(lzma.decompress((FOLDER / f"{name}.db.xz").read_bytes()))
    return path


async def copy_to_postgres(path: Path, url: str) -> None:
    """Give an empty PostgreSQL database the schema and the rows of a file, with no migration that the file lacks."""
    with closing(apsw.Connection(str(path))) as source:
        names = [name for (name,) in source.execute(_TABLES).fetchall()]
        applied = {name for (name,) in source.execute("SELECT name FROM migrations").fetchall()}
        target = await asyncpg.connect(url)
        for statement in migrate.TABLES.split(";"):
            if any(f"EXISTS {name}" in " ".join(statement.split()) for name in names):
                await target.execute(statement)
        for name, sql in migrate.files():
            if name in applied:
                await target.execute(for_postgres(sql))
        for name in names:
            rows = source.execute(f"SELECT * FROM {name}").fetchall()
            columns = [
                column for (column,) in source.execute(f"SELECT name FROM pragma_table_info('{name}')").fetchall()
            ]
            await target.copy_records_to_table(name, records=rows, columns=columns)
        await target.close()


async def kept(read: Read) -> dict[str, Rows]:
    """The rows of `KEPT`, in an order of their own."""
    return {
        table: sorted((tuple(row) for row in await read(f"SELECT {columns} FROM {table}")), key=repr)
        for table, columns in KEPT.items()
    }


async def content(read: Read, columns: str) -> dict[str, Rows]:
    """All rows, in an order of their own: the same for each run of a migration. Of a value that a migration makes at
    random its type alone. `columns` selects the table and the name of each column."""
    tables: dict[str, list[str]] = {}
    for table, column in await read(columns):
        tables.setdefault(table, []).append(column)
    return {
        table: sorted((_settled(table, names, row) for row in await read(f"SELECT * FROM {table}")), key=repr)
        for table, names in tables.items()
    }


def _settled(table: str, columns: Sequence[str], row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        type(value).__name__ if (table, column) in RANDOM else value for column, value in zip(columns, row, strict=True)
    )
