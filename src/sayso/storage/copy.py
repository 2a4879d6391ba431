"""An embedded database copied into PostgreSQL: in portions, each with the cursor that says how far it went, so that a
copy that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import asyncpg

from sayso.domain.errors import Conflict, Invalid, Unavailable
from sayso.storage.engine import Row
from sayso.storage.postgres_connections import Connection
from sayso.storage.postgres_migrate import Session, for_postgres
from sayso.storage.sqlite import BUSY_TIMEOUT
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.url import DatabaseUrl

#: How many rows are copied at once.
PORTION = 5_000

_TABLES = """SELECT name FROM sqlite_master WHERE type = 'table'
AND name NOT IN ('migrations', 'migrating', 'room') ORDER BY name"""
_COLUMNS = "SELECT name, pk FROM pragma_table_info($1) ORDER BY cid"

# While a copy is not finished, the target has this table: a row for each table, and one for the source.
_BEGIN = for_postgres("CREATE TABLE copying (name TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL)")
_IS_BEGUN = "SELECT to_regclass('copying') IS NOT NULL"
_PLACE = "SELECT place FROM copying WHERE name = $1"
_MOVE = "INSERT INTO copying (name, place) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET place = excluded.place"
_FINISH = "DROP TABLE copying"

_SOURCE = "the source"

# With the number of rows of each table, whatever is written changes one of these: each change of a contact is an event,
# one of a small table raises its workspace's version, one of a company its revision, a portion of data events that are
# moved leaves fewer to move, and a portion of a bulk job more that is done.
_VERSIONS = "SELECT CAST(coalesce(sum(version), 0) AS BIGINT) FROM workspaces"
_COMPANIES = "SELECT CAST(coalesce(sum(revision), 0) AS BIGINT) FROM companies"
_NEWEST = "SELECT act FROM events ORDER BY act DESC LIMIT 1"
_BULK_DONE = "SELECT CAST(coalesce(sum(done), 0) AS BIGINT) FROM bulk_tasks"
_TO_MOVE = """SELECT count(*) FROM data_event_moves AS move CROSS JOIN data_events AS event
WHERE event.workspace_id = move.workspace_id AND event.contact_id = move.contact_id"""

Ask = Callable[[str], Awaitable[list[Row]]]
Told = Callable[[str, int], None]


@dataclass(frozen=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    def portion(self, *, first: bool) -> str:
        key = ", ".join(self.key)
        beyond = f" WHERE ({key}) > ({', '.join(f'${at + 1}' for at in range(len(self.key)))})" if not first else ""
        return dialect(f"SELECT {', '.join(self.columns)} FROM {self.name}{beyond} ORDER BY {key} LIMIT {PORTION}")

    def place(self, row: Row) -> list[Any]:
        """Where a row stands, by its key."""
        return [row[self.columns.index(name)] for name in self.key]


async def copy(source: Path, target: DatabaseUrl, timeout: int, told: Told) -> dict[str, int]:  # noqa: ASYNC109
    """Copy every row; the rows of each table. `told` hears of each portion: a table, and its rows so far.

    Both must be up to date, and nobody else may use the source. Raises Conflict where the target holds other data,
    Invalid, Unavailable.
    """
    with _reading(source) as reader:
        tables = [_table(reader, str(name)) for (name,) in reader.execute(_TABLES).fetchall()]
        async with Session(target, timeout) as writer:
            await _begin(reader, writer, tables)
            for table in tables:
                await _copy(reader, writer, table, told)
            return await _compared(reader, writer, tables)


async def finish(target: DatabaseUrl, timeout: int) -> None:  # noqa: ASYNC109
    """To be called when the copy was verified: gather statistics, and let servers open it."""
    async with Session(target, timeout) as writer:
        await writer.execute("ANALYZE")
        await writer.execute(_FINISH)


async def refuse_unfinished(target: DatabaseUrl, timeout: int) -> None:  # noqa: ASYNC109
    """Raises Unavailable where a copy has not been finished."""
    async with Session(target, timeout) as connection:
        if await connection.fetchval(_IS_BEGUN):
            raise Unavailable(
                f"{target.shown} holds a part of a copy: finish it with `sayso migrate --to`, or empty the database"
            )


async def _begin(reader: apsw.Connection, writer: Connection, tables: list[_Table]) -> None:
    state = json.dumps(await _state(_asking(reader), tables))
    if await writer.fetchval(_IS_BEGUN):
        if await writer.fetchval(_PLACE, _SOURCE) != state:
            raise Conflict(
                "the target holds a part of a copy of another database, or of this one before it was written to: "
                "empty the target and begin again"
            )
        return
    held = [table.name for table in tables if await writer.fetchval(f"SELECT EXISTS (SELECT 1 FROM {table.name})")]
    if held:
        raise Conflict(f"the target holds data already, in {', '.join(held)}: a copy needs an empty database")
    async with writer.transaction():
        await writer.execute(_BEGIN)
        await writer.execute(_MOVE, _SOURCE, state)


async def _copy(reader: apsw.Connection, writer: Connection, table: _Table, told: Told) -> None:
    known = await writer.fetchval(_PLACE, table.name)
    place, done = _unpacked(known) if known else ([], 0)
    while rows := _rows(reader, table, place):
        place, done = table.place(rows[-1]), done + len(rows)
        try:
            async with writer.transaction():
                await writer.copy_records_to_table(table.name, records=rows, columns=table.columns)
                await writer.execute(_MOVE, table.name, _packed(place, done))
        except (asyncpg.DataError, ValueError, TypeError) as error:
            raise Invalid(f"a row of {table.name} holds what PostgreSQL cannot keep ({type(error).__name__})") from None
        told(table.name, done)


def _rows(reader: apsw.Connection, table: _Table, place: list[Any]) -> list[Row]:
    try:
        return reader.execute(table.portion(first=not place), place).fetchall()
    except UnicodeDecodeError:
        raise Invalid(f"a text in {table.name} is not UTF-8: `sayso verify` tells where") from None


async def _compared(reader: apsw.Connection, writer: Connection, tables: list[_Table]) -> dict[str, int]:
    """The rows of each table, the same on both sides."""
    ours, theirs = await _state(_asking(reader), tables), await _state(writer.fetch, tables)
    unlike = [name for name, found in ours.items() if theirs[name] != found]
    if unlike:
        raise Conflict(f"the copy is not like the source, in {', '.join(unlike)}: empty the target and begin again")
    return {table.name: ours[table.name] for table in tables}


async def _state(ask: Ask, tables: list[_Table]) -> dict[str, Any]:
    """What differs once something was written."""
    asked = {table.name: f"SELECT count(*) FROM {table.name}" for table in tables}
    found = {}
    asked |= {"versions": _VERSIONS, "changes of companies": _COMPANIES, "newest": _NEWEST, "to move": _TO_MOVE}
    asked["done in bulk"] = _BULK_DONE
    for name, sql in asked.items():
        value = next((row[0] for row in await ask(sql)), None)
        found[name] = value.hex() if isinstance(value, bytes) else value
    return found


def _asking(reader: apsw.Connection) -> Ask:
    async def ask(sql: str) -> list[Row]:
        return reader.execute(sql).fetchall()

    return ask


def _table(reader: apsw.Connection, name: str) -> _Table:
    columns = reader.execute(dialect(_COLUMNS), (name,)).fetchall()
    key = sorted((at, column) for column, at in columns if at)
    return _Table(name, tuple(str(column) for column, _ in columns), tuple(str(column) for _, column in key))


def _packed(place: list[Any], done: int) -> str:
    return json.dumps([done, *({"hex": value.hex()} if isinstance(value, bytes) else value for value in place)])


def _unpacked(packed: str) -> tuple[list[Any], int]:
    done, *place = json.loads(packed)
    return [bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in place], done


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    try:
        with closing(apsw.Connection(str(path))) as connection:
            connection.set_busy_timeout(BUSY_TIMEOUT)
            # Held to the end: no command writes meanwhile what would be missed.
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("ROLLBACK")
    except apsw.Error as error:
        raise Unavailable(f"cannot read the database {path.name}: {error}") from error
