"""The schema of a database file, compared with what the migrations make: the same tables and indexes with the same
text, and no triggers.

Other tables may be there. A trigger may not, whatever table it is on: it can write to any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import apsw

from sayso.service.ports_schema import SchemaDifferences
from sayso.storage.backfill import run
from sayso.storage.engine import Row
from sayso.storage.expected_schema import RECORDS, Read, describe_index, describe_order, schema_of
from sayso.storage.migrate import for_sqlite
from sayso.storage.sqlite_dialect import dialect

# As bytes: SQLite takes any for a text. An index without SQL belongs to a table's own text.
_OBJECTS = """SELECT CAST(type AS BLOB), CAST(name AS BLOB), CAST(tbl_name AS BLOB), CAST(sql AS BLOB)
FROM sqlite_master WHERE NOT (type = 'index' AND sql IS NULL) ORDER BY name"""

_APPLIED = "SELECT CAST(name AS BLOB) FROM migrations"
_UNFINISHED = "SELECT CAST(name AS BLOB) FROM migrating"

_INDEXES = """SELECT CAST(name AS BLOB) FROM pragma_index_list($1) AS list WHERE "unique" OR partial
OR EXISTS (SELECT 1 FROM pragma_index_xinfo(list.name) WHERE cid = -2)"""


class _Object(NamedTuple):
    type: str
    name: str
    table: str
    sql: str


async def compare(read: Read) -> SchemaDifferences:
    """What differs from the schema of the migrations that were applied; nothing before the first one."""
    found = await _objects(read)
    named = {one.name.lower(): one for one in found}
    applied = await _names(read, _APPLIED) if "migrations" in named else set()
    if not applied:
        return SchemaDifferences()
    unfinished = await _names(read, _UNFINISHED) if "migrating" in named else set()
    with schema_of(applied, for_sqlite) as connection:
        expected = await _objects(_reading(connection))
    names = {one.name for one in expected}
    tables = {one.name for one in expected if one.type == "table"}
    faults = [*describe_order(applied, unfinished)]
    for one in expected:
        # The first databases had no second table of records: the next migration makes it.
        if one.name not in named and one.name in RECORDS[1:]:
            continue
        faults += _differences(one, named.get(one.name))
    faults += [f"there is a trigger on {one.table}: {one.name}" for one in found if one.type == "trigger"]
    differences = SchemaDifferences(faults)
    for one in found:
        if one.type == "index" and one.table.lower() in tables and one.name.lower() not in names:
            is_harmless = one.name not in await _names(read, _INDEXES, one.table)
            into = differences.notes if is_harmless else differences.faults
            into.append(describe_index(one.table, one.name, is_harmless=is_harmless))
    return differences


def compare_connection(connection: apsw.Connection) -> SchemaDifferences:
    """The same on a connection of one's own."""
    return run(compare(_reading(connection)))


def _differences(expected: _Object, found: _Object | None) -> Iterator[str]:
    if found is None:
        yield f"the {expected.type} {expected.name} is missing"
    elif found.type != expected.type:
        yield f"there is a {found.type} in the place of the {expected.type} {expected.name}"
    elif found.sql.split() != expected.sql.split():
        yield f"the {expected.type} {expected.name} is not what the migrations make"


async def _objects(read: Read) -> list[_Object]:
    return [_Object(*map(_text, row)) for row in await read(_OBJECTS) if row is not None]


async def _names(read: Read, sql: str, *params: str) -> set[str]:
    return {_text(row[0]) for row in await read(sql, *params) if row is not None}


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="backslashreplace")


def _reading(connection: apsw.Connection) -> Read:
    async def read(sql: str, *params: str) -> list[Row]:
        return connection.execute(dialect(sql), params).fetchall()

    return read
