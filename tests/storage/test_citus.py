"""Every table has its place on Citus, its keys allow it, and no statement needs what shards cannot give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import apsw
import pytest
from tests.test_architecture import SOURCES

from sayso.storage import citus, migrate
from sayso.storage.citus import DISTRIBUTED, REFERENCE, TABLES, Found

COLUMNS = {place.table: place.column for place in DISTRIBUTED}


@pytest.fixture(scope="module")
def schema() -> Iterator[apsw.Connection]:
    """The shared schema as it is written, with the tables in which migrations are recorded."""
    with apsw.Connection(":memory:") as connection:
        connection.execute(migrate.TABLES)
        for _, sql in migrate.files():
            connection.execute(sql)
        yield connection


def columns(schema: apsw.Connection, table: str) -> dict[str, str]:
    return dict(schema.execute(f"SELECT name, type FROM pragma_table_info('{table}')").fetchall())


def unique_keys(schema: apsw.Connection, table: str) -> list[set[str]]:
    lists = schema.execute(f"""SELECT name FROM pragma_index_list('{table}') WHERE "unique" """).fetchall()
    return [
        {column for (column,) in schema.execute(f"SELECT name FROM pragma_index_info('{name}')").fetchall()}
        for (name,) in lists
    ]


def test_every_table_of_the_schema_has_one_place(schema: apsw.Connection):
    tables = schema.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()

    assert sorted(name for (name,) in tables) == sorted(TABLES)


def test_a_distributed_table_has_its_column_in_every_unique_key_and_never_empty(schema: apsw.Connection):
    for table, column in COLUMNS.items():
        required = schema.execute(
            f"""SELECT "notnull" FROM pragma_table_info('{table}') WHERE name = '{column}'"""
        ).fetchall()
        keys = unique_keys(schema, table)
        assert [(1,)] == required, table
        assert keys, table
        assert all(column in key for key in keys), table


def test_every_row_of_a_contact_lies_beside_it(schema: apsw.Connection):
    by_contact = [place for place in DISTRIBUTED if place.column == "contact_id"]
    first, *others = by_contact

    assert ("contacts", "none") == (first.table, first.colocate_with)
    assert {"contacts"} == {place.colocate_with for place in others}
    assert {"BYTEA"} == {columns(schema, place.table)["contact_id"] for place in by_contact}
    others = {place.table: place.colocate_with for place in DISTRIBUTED if place not in by_contact}
    assert "companies" == others.pop("company_notes")
    assert {"none"} == set(others.values())


def test_a_table_that_names_contacts_is_distributed_by_them_or_by_its_own_key(schema: apsw.Connection):
    assert [] == [table for table in REFERENCE if "contact_id" in columns(schema, table)]


def test_a_table_is_placed_after_the_one_it_lies_beside_and_small_ones_are_copied_everywhere():
    assert all(TABLES.index(place.table) > TABLES.index("contacts") for place in DISTRIBUTED[1:])
    assert [
        "SELECT create_distributed_table('contacts', 'contact_id', colocate_with => 'none')",
        "SELECT create_distributed_table('ledger', 'contact_id', colocate_with => 'contacts')",
        "SELECT create_reference_table('workspaces')",
    ] == [citus.placing(table) for table in ("contacts", "ledger", "workspaces")]


def test_what_was_placed_already_is_left_alone_and_what_was_cut_short_is_finished():
    assert [] == citus.tidying([Found("contacts", True, False), Found("ledger", False, True)], [])
    assert [
        "SELECT truncate_local_data_after_distributing_table('contacts')",
        "ANALYZE contacts",
        "ANALYZE ledger",
    ] == citus.tidying([Found("contacts", True, True), Found("ledger", True, False)], ["ledger"])


# What is refused on shards, or is taken and does not hold there.

FORBIDDEN = {
    "triggers": r"\bTRIGGER\b",
    "locks that skip": r"\bSKIP\s+LOCKED\b",
    "isolation that shards do not keep": r"\bSERIALIZABLE\b|\bREPEATABLE\s+READ\b",
    "the server's clock": r"\bNOW\s*\(|\bCURRENT_(TIME|DATE|TIMESTAMP)\b|\bCLOCK_TIMESTAMP\b|\b\w+_TIMESTAMP\s*\(\)",
    "the server's chance": r"\bRANDOM\s*\(|\bGEN_RANDOM_\w+|\bUUID_GENERATE\w*",
    "numbers of the server's": r"\b(BIG|SMALL)?SERIAL\b|\bNEXTVAL\b|\bSEQUENCE\b|\bGENERATED\b|\bAUTOINCREMENT\b",
    "foreign keys": r"\bFOREIGN\s+KEY\b|\bREFERENCES\b|\bON\s+DELETE\b",
    "types of one engine": r"\b(JSONB?|BOOLEAN|TIMESTAMPTZ?|TIMESTAMP|UUID|VARCHAR|REAL|NUMERIC|ENUM)\b(?!_)",
    "two phases of one's own": r"\bPREPARE\s+TRANSACTION\b",
    "recursion": r"\bRECURSIVE\b",
    "merges": r"\bMERGE\s+INTO\b",
    "word from the server": r"\b(UN)?LISTEN\s+\w|\bNOTIFY\s+\w|\bPG_NOTIFY\b",
}

#: What may stand in a file all the same, with the reason.
ALLOWED = {
    # Sent where one server has all rows, and never on Citus.
    "postgres_together.py": {"locks that skip", "types of one engine"},
    # It looks for those that others made.
    "postgres_schema.py": {"triggers"},
}

STARTS = re.compile(
    r"\s*(--.*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|BEGIN|START|SET|LOCK|LISTEN|MERGE)\b"
)


def spoken() -> Iterator[tuple[str, str]]:
    """Every text in storage that looks like SQL, whoever runs it, and every migration."""
    yield from migrate.files()
    for path in sorted((SOURCES / "storage").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and STARTS.match(node.value):
                yield f"{path.name} line {node.lineno}", node.value


def offences(sql: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, sql.upper())]


def test_no_statement_needs_what_shards_cannot_give():
    found = dict(spoken())

    assert len(found) > 40
    assert {} == {
        where: offends
        for where, sql in found.items()
        if (offends := set(offences(sql)) - ALLOWED.get(where.partition(" ")[0], set()))
    }


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("CREATE TRIGGER t BEFORE INSERT ON contacts EXECUTE FUNCTION f()", "triggers"),
        ("SELECT id FROM jobs FOR UPDATE SKIP LOCKED", "locks that skip"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "isolation that shards do not keep"),
        ("UPDATE contacts SET updated_at = now()", "the server's clock"),
        ("SELECT gen_random_uuid()", "the server's chance"),
        ("CREATE TABLE t (id bigserial)", "numbers of the server's"),
        ("CREATE TABLE t (id text REFERENCES contacts)", "foreign keys"),
        ("CREATE TABLE t (profile jsonb)", "types of one engine"),
        ("NOTIFY changed", "word from the server"),
    ],
)
def test_what_shards_cannot_give_is_recognised(sql: str, what: str):
    assert what in offences(sql)
