"""The schema of a PostgreSQL database, compared with what the migrations make.

Other tables, schemas and extensions may be there. On our tables there may be nothing that changes what a statement
reads or writes. Citus distributes a table without changing its kind, and adds one trigger, which concerns TRUNCATE.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import apsw

from sayso.service.ports_schema import SchemaDifferences
from sayso.storage.engine import Row
from sayso.storage.expected_schema import RECORDS, Read, describe_index, describe_order, schema_of

# Not by any name: whoever sets the search path decides which relation that finds.
_SEARCH_PATH = "SHOW search_path"

_TABLES = """SELECT wanted.name, found.oid::bigint, found.relkind::text, found.relpersistence::text,
found.relnamespace::regnamespace::text, found.relrowsecurity OR found.relforcerowsecurity
FROM unnest($1::text[]) AS wanted (name)
LEFT JOIN pg_catalog.pg_class AS found ON found.oid = to_regclass(quote_ident(wanted.name))"""

_APPLIED = "SELECT name FROM migrations"
_UNFINISHED = "SELECT name FROM migrating"

_COLUMNS = """SELECT attrelid::bigint, attname::text, format_type(atttypid, atttypmod), attnotnull,
coalesce(collnamespace::regnamespace::text || '.' || collname, ''),
coalesce(pg_get_expr(adbin, adrelid), ''), attgenerated::text || attidentity::text
FROM pg_catalog.pg_attribute
LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
LEFT JOIN pg_catalog.pg_collation AS known ON known.oid = attcollation
WHERE attrelid = ANY ($1::bigint[]) AND attnum > 0 AND NOT attisdropped"""

# A function, operator or operator class that comes with PostgreSQL is not recorded as one that something depends on.
_INDEXES = """SELECT indrelid::bigint, relname::text, pg_get_indexdef(indexrelid), indisunique, indisvalid,
indexprs IS NOT NULL OR indpred IS NOT NULL, EXISTS (SELECT FROM pg_catalog.pg_depend
WHERE classid = 'pg_class'::regclass AND objid = indexrelid
AND refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass))
FROM pg_catalog.pg_index JOIN pg_catalog.pg_class AS found ON found.oid = indexrelid
WHERE indrelid = ANY ($1::bigint[]) ORDER BY relname"""

# Keys are indexes, and NOT NULL is looked up with the columns.
_ADDITIONS = """SELECT tgrelid::bigint, 'trigger', tgname::text FROM pg_catalog.pg_trigger
JOIN pg_catalog.pg_proc AS called ON called.oid = tgfoid WHERE tgrelid = ANY ($1::bigint[])
AND NOT (proname = 'citus_truncate_trigger' AND pronamespace = 'pg_catalog'::regnamespace)
UNION ALL SELECT ev_class::bigint, 'rule', rulename::text FROM pg_catalog.pg_rewrite
WHERE ev_class = ANY ($1::bigint[])
UNION ALL SELECT polrelid::bigint, 'policy', polname::text FROM pg_catalog.pg_policy
WHERE polrelid = ANY ($1::bigint[])
UNION ALL SELECT conrelid::bigint, 'constraint', conname::text FROM pg_catalog.pg_constraint
WHERE conrelid = ANY ($1::bigint[]) AND contype NOT IN ('p', 'n')
UNION ALL SELECT inhparent::bigint, 'child table', inhrelid::regclass::text FROM pg_catalog.pg_inherits
WHERE inhparent = ANY ($1::bigint[]) ORDER BY 1, 2, 3"""

_KINDS = {"v": "view", "m": "materialized view", "f": "foreign table", "p": "partitioned table"}

_TYPES = {"TEXT": "text", "BIGINT": "bigint", "INTEGER": "integer", "BYTEA": "bytea"}

_INDEX = re.compile(r"CREATE( UNIQUE)? INDEX \w+ ON \w+ (.*)", re.DOTALL)
_DEFINED = re.compile(r" USING (.*)", re.DOTALL)
_IS_NO_MEANING = re.compile(r"""::text| WITH \([^)]*\)|[\s()"]""")


class _Column(NamedTuple):
    type: str
    is_required: bool
    collation: str
    default: str
    generated: str


class _Index(NamedTuple):
    """`definition`: the method, columns and condition in a form that the text of a migration has too."""

    definition: str
    is_unique: bool


class _Table(NamedTuple):
    columns: dict[str, _Column]
    indexes: dict[str, _Index]


class _Found(NamedTuple):
    name: str
    oid: int | None
    kind: str | None
    persistence: str | None
    namespace: str | None
    is_secured: bool | None


async def compare(read: Read) -> SchemaDifferences:
    """What differs from the schema of the migrations that were applied; nothing before the first one."""
    records = {one.name: one for one in await _tables(read, RECORDS)}
    if records["migrations"].oid is None:
        return SchemaDifferences()
    applied = {str(row[0]) for row in await _rows(read, _APPLIED)}
    there = records["migrating"].oid is not None
    unfinished = {str(row[0]) for row in await _rows(read, _UNFINISHED)} if there else set()
    differences = SchemaDifferences([*describe_order(applied, unfinished), *await _search_path(read)])
    expected = _expected(applied)
    if not there:
        # The first databases had no second table of records: the next migration makes it.
        del expected["migrating"]
    tables = await _tables(read, sorted(expected))
    for one in tables:
        differences.faults.extend(_table_faults(one, records["migrations"].namespace))
    by_oid = {one.oid: one.name for one in tables if one.kind == "r" and one.oid is not None}
    await _compare_columns(read, by_oid, expected, differences)
    await _compare_indexes(read, by_oid, expected, differences)
    for oid, kind, name in await _rows(read, _ADDITIONS, list(by_oid)):
        differences.faults.append(f"there is a {kind} on {by_oid[oid]}: {name}")
    return differences


async def _search_path(read: Read) -> list[str]:
    ((path,),) = await _rows(read, _SEARCH_PATH)
    names = [name.strip().strip('"') for name in str(path).split(",")]
    if "pg_catalog" in names[1:]:
        return [f"the search path ({path}) lets other functions and tables stand in for PostgreSQL's own"]
    return []


def _table_faults(table: _Found, namespace: str | None) -> Iterator[str]:
    if table.oid is None:
        yield f"the table {table.name} is missing"
    elif table.kind != "r":
        yield f"there is a {_KINDS.get(str(table.kind), 'relation')} in the place of the table {table.name}"
    if table.namespace not in (None, namespace):
        yield f"the table {table.name} is found in the schema {table.namespace}, and migrations in {namespace}"
    if table.persistence == "u":
        yield f"the table {table.name} is unlogged: a crash empties it"
    if table.is_secured:
        yield f"row security is on for the table {table.name}"


async def _compare_columns(
    read: Read, by_oid: Mapping[int, str], expected: Mapping[str, _Table], differences: SchemaDifferences
) -> None:
    found: dict[str, dict[str, _Column]] = {name: {} for name in by_oid.values()}
    for oid, name, *described in await _rows(read, _COLUMNS, list(by_oid)):
        found[by_oid[oid]][name] = _Column(*described)
    for table, columns in sorted(found.items()):
        wanted = expected[table].columns
        for name in sorted(columns.keys() | wanted.keys()):
            if name not in columns:
                differences.faults.append(f"the column {table}.{name} is missing")
            elif name not in wanted:
                differences.faults.append(f"there is an additional column: {table}.{name}")
            elif columns[name] != wanted[name] and not (
                table in RECORDS and _had_no_collation(columns[name], wanted[name])
            ):
                differences.faults.append(f"the column {table}.{name} is not what the migrations make")


def _had_no_collation(column: _Column, wanted: _Column) -> bool:
    """The first versions made the tables of records with the database's own."""
    return column.collation == "pg_catalog.default" and column._replace(collation=wanted.collation) == wanted


async def _compare_indexes(
    read: Read, by_oid: Mapping[int, str], expected: Mapping[str, _Table], differences: SchemaDifferences
) -> None:
    lacking = {(table, name) for table in by_oid.values() for name in expected[table].indexes}
    for oid, name, sql, is_unique, is_valid, is_computed, is_foreign in await _rows(read, _INDEXES, list(by_oid)):
        table = by_oid[oid]
        known = expected[table].indexes
        index = _Index(_meaning(_DEFINED.search(sql)), is_unique)
        if name in known:
            lacking.discard((table, name))
            if index != known[name] or not is_valid or is_foreign:
                differences.faults.append(f"the index {name} is not what the migrations make, or is not valid")
            continue
        # REINDEX CONCURRENTLY makes a second one like the first.
        is_harmless = not is_foreign and (index in known.values() or not (is_unique or is_computed))
        into = differences.notes if is_harmless else differences.faults
        into.append(describe_index(table, name, is_harmless=is_harmless))
    differences.faults.extend(f"the index {name} is missing" for _, name in sorted(lacking))


def _expected(applied: set[str]) -> dict[str, _Table]:
    with schema_of(applied) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {str(name): _expected_table(connection, str(name)) for (name,) in names}


def _expected_table(connection: apsw.Connection, table: str) -> _Table:
    columns, key = {}, []
    described: list[Row] = connection.execute(
        """SELECT name, type, "notnull", coalesce(dflt_value, ''), pk FROM pragma_table_info(?1)""", (table,)
    ).fetchall()
    for name, kind, required, default, place in described:
        collation = "pg_catalog.C" if kind == "TEXT" else ""
        columns[name] = _Column(_TYPES[kind], bool(required), collation, _described(kind, default), "")
        key.append((place, name))
    indexes = {f"{table}_pkey": _Index("btree" + ",".join(name for place, name in sorted(key) if place), True)}
    statements: list[Row] = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL", (table,)
    ).fetchall()
    for name, sql in statements:
        match = _INDEX.match(sql)
        assert match, sql
        indexes[name] = _Index(_IS_NO_MEANING.sub("", f"btree{match[2]}"), bool(match[1]))
    return _Table(columns, indexes)


def _described(kind: str, default: str) -> str:
    """A default as PostgreSQL describes it: of a text it gives the type."""
    return f"{default}::text" if kind == "TEXT" and default else default


def _meaning(match: re.Match[str] | None) -> str:
    return _IS_NO_MEANING.sub("", match[1]) if match else ""


async def _tables(read: Read, names: Sequence[str]) -> list[_Found]:
    return [_Found(*row) for row in await _rows(read, _TABLES, list(names))]


async def _rows(read: Read, sql: str, *params: object) -> list[Row]:
    found: Iterable[Row | None] = await read(sql, *params)
    return [tuple(row) for row in found if row is not None]
