"""On PostgreSQL, no text is compared, sorted or changed in case by the collation that the database was made with."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from tests import postgres
from tests.cast import NOON
from tests.storage import searched
from tests.storage.collations import Checker, kept
from tests.storage.conftest import ACME
from tests.test_architecture import SOURCES, statements

from sayso.domain import company_search
from sayso.domain.search_order import CREATION, Order, Place, parse_order
from sayso.domain.search_query import _KINDS, _OPERATORS, Language, parse
from sayso.storage.company_search import SqlCompanySearchStore
from sayso.storage.engine import Engine, Row
from sayso.storage.migrate import files
from sayso.storage.search import SqlSearchStore

pytestmark = pytest.mark.skipif(not postgres.WANTED, reason=postgres.NONE_FOUND)

MODULES = sorted((SOURCES / "storage").glob("*.py"))

#: What is in these files and PostgreSQL cannot read is for SQLite alone, for Citus, or a part of a statement.
NOT_READ = {
    "backup.py": "SQLite",
    "citus.py": "functions and catalogues of Citus",
    "company_search.py": "parts of searches, which are checked whole",
    "copy.py": "SQLite, whose rows are copied",
    "migrate.py": "SQLite, and the tables about migrations, which the catalogue shows",
    "postgres_reads.py": "settings of scans",
    "postgres_schema.py": "SQLite, which is asked for what the migrations make",
    "postgres_together.py": "what is put around reads that are checked themselves",
    "search.py": "parts of searches, which are checked whole",
    "search_spelling.py": "what is put around parts of searches, which are checked whole",
    "sqlite.py": "SQLite",
    "sqlite_readers.py": "SQLite",
    "sqlite_schema.py": "SQLite",
    "sqlite_writer.py": "SQLite",
    "structure.py": "SQLite",
}

#: What asks the server about itself, in ASCII: no text of a user's.
ABOUT_THE_SERVER = {
    ("cluster.py", "_SETTING"),
    ("postgres_connections.py", "_OURS"),
    ("postgres_schema.py", "_ADDITIONS"),
}


@pytest.fixture
async def checker(shared_database: str) -> AsyncIterator[Checker]:
    connection = await asyncpg.connect(shared_database, statement_cache_size=0)
    made = Checker(connection)
    await made.begin()
    yield made
    await connection.close()


class Recorder:
    """An engine that finds nothing, counts nothing, and keeps what it was asked."""

    is_one_server = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def read(self, sql: str, *_: Any) -> list[Row]:
        self.asked.append(sql)
        return [(0,)] if re.search(r"\b(count|sum)\(", sql.partition("FROM companies LEFT")[0]) else []

    read_many = scan = read

    async def data_version(self) -> None:
        """Nothing is shared."""


def texts(path: Path) -> dict[str, str]:
    """The SQL in a module, under its name; what f-strings put in is there where it is the module's own."""
    module = importlib.import_module(f"sayso.storage.{path.stem}")
    return {name: getattr(module, name, text) for name, text in statements(path).items()}


async def test_no_statement_uses_the_database_s_collation(checker: Checker):
    found, read, not_read = {}, 0, set()
    for path in MODULES:
        for name, sql in texts(path).items():
            try:
                uses = await checker.found(sql)
            except asyncpg.SyntaxOrAccessError:
                not_read.add(path.name)
                continue
            read += 1
            if uses:
                found[path.name, name] = uses

    assert ABOUT_THE_SERVER == found.keys()
    assert read > 150
    assert NOT_READ.keys() == not_read


VALUES = {"string": "a", "integer": 1, "number": 1.5, "boolean": True, "time": NOON // 1000, "tag": "1", "segment": "1"}


def trees(language: Language) -> list[dict[str, Any]]:
    """A filter of every field and operator, and of no value; some are none in this language."""
    kinds = {**_KINDS, **{f"custom_attributes.{name}": kind for name, kind in searched.ATTRIBUTES.items()}}
    made: list[dict[str, Any]] = []
    for name, kind in [*kinds.items(), *([("formatted_phone", "string")] if language.has_formatted_phone else [])]:
        value = "user" if name == "role" else VALUES[kind]
        words = {"=", "!=", "IN"} if name == "owner_id" else _OPERATORS[kind]
        made += [
            {"field": name, "operator": word, "value": [value] if word in ("IN", "NIN") else value} for word in words
        ]
        if kind not in ("tag", "segment"):
            made.append({"field": name, "operator": "=", "value": None})
    return made


ORDERS = [
    parse_order({"field": name, "order": turn}, searched.LANGUAGES[0])
    for name, kind in _KINDS.items()
    if kind in ("string", "time", "integer")
    for turn in ("ascending", "descending")
]


def place(order: Order) -> Place:
    return ("a" if order.is_text else NOON), "0" * 24


async def test_no_search_uses_the_database_s_collation(checker: Checker):
    engine = Recorder()
    store = SqlSearchStore(cast(Engine, engine))
    for language in searched.LANGUAGES:
        for tree in trees(language):
            query = parse(tree, language)
            await store.page(ACME, query, CREATION, None, 5)
            await store.page(ACME, query, CREATION, place(CREATION), 5)
            await store.count(ACME, query)
    for order in ORDERS:
        await store.page(ACME, query, order, None, 5)
        await store.page(ACME, query, order, place(order), 5)
    for kind in ("email", "external_id"):
        await store.identified(ACME, kind, "a")
    asked = set(engine.asked)

    found = {sql: uses for sql in asked if (uses := await checker.found(sql))}

    assert {} == found
    assert len(asked) > 300


async def test_no_search_of_companies_uses_the_database_s_collation(checker: Checker):
    engine = Recorder()
    store = SqlCompanySearchStore(cast(Engine, engine))
    language = Language(UTC, is_exact=True, attributes=searched.ATTRIBUTES, fields=company_search.FIELDS)
    kinds = {**{name: field.kind for name, field in company_search.FIELDS.items()}}
    kinds |= {f"custom_attributes.{name}": kind for name, kind in searched.ATTRIBUTES.items()}
    for name, kind in kinds.items():
        for word in _OPERATORS[kind]:
            value = [VALUES[kind]] if word in ("IN", "NIN") else VALUES[kind]
            query = parse({"field": name, "operator": word, "value": value}, language)
            await store.page(ACME, query, CREATION, place(CREATION), 5)
            await store.count(ACME, query)
    for name, kind in kinds.items():
        if kind in ("string", "time", "integer") and "." not in name:
            order = parse_order({"field": name, "order": "descending"}, language)
            await store.page(ACME, query, order, place(order), 5)
    asked = set(engine.asked)

    found = {sql: uses for sql in asked if (uses := await checker.found(sql))}

    assert {} == found
    assert len(asked) > 100


@pytest.mark.parametrize(
    ("sql", "uses"),
    [
        ("SELECT 1 FROM contacts WHERE name = $1", []),
        ("SELECT 1 FROM contacts WHERE (name, email) > ($1, $2)", []),
        ("SELECT lower(name) FROM contacts ORDER BY lower(name)", []),
        ("SELECT 1 FROM contacts WHERE lower(email) = lower($1)", ["lower"]),
        ("SELECT 1 FROM contacts WHERE profile::json ->> 'avatar' = $1", ["="]),
        ("SELECT 1 FROM contacts WHERE $1::text LIKE $2", ["~~"]),
        ("SELECT 1 FROM contacts WHERE ($1::text, name) > ($2, $3)", ["ROWCOMPAREEXPR"]),
        ("SELECT 1 FROM contacts WHERE $1::text IN ('a', 'b')", ["="]),
        ("SELECT name FROM contacts ORDER BY profile::json ->> 'avatar'", ["ORDER BY, GROUP BY or DISTINCT: <>"]),
        ("SELECT a FROM (SELECT DISTINCT $1::text AS a) AS b", ["ORDER BY, GROUP BY or DISTINCT: a"]),
        ("SELECT greatest($1::text, 'a')", ["MINMAXEXPR"]),
        ("SELECT max(a) FROM unnest($1::text[]) AS a", ["max"]),
    ],
)
async def test_what_uses_the_database_s_collation_is_told_from_what_does_not(
    checker: Checker, sql: str, uses: list[str]
):
    assert uses == await checker.found(sql)


#: What changes the case of letters or compares with a pattern: engines differ in which letters they know.
DIFFERS = re.compile(r"\b(?:I?LIKE|GLOB|REGEXP|SIMILAR TO|NOCASE)\b|\b(?:lower|upper|initcap|casefold)\(")

#: Where it stands all the same: ASCII letters alone, by SQLite's own function and by PostgreSQL's under "C".
ASCII_ALONE = {"search_spelling.py", "0001_initial"}


def test_no_statement_changes_case_or_compares_with_a_pattern_but_where_it_means_the_same_everywhere():
    sources = {path.name: [text for text in constants(path) if DIFFERS.search(text)] for path in MODULES}
    sources |= {name: DIFFERS.findall(sql) for name, sql in files()}

    assert ASCII_ALONE == {name for name, found in sources.items() if found}
    assert ["lower("] == sources["0001_initial"]


def constants(path: Path) -> list[str]:
    """The texts in a module that no docstring is."""
    tree = ast.parse(path.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


async def test_every_column_and_index_keeps_text_in_the_order_of_its_bytes(shared_database: str):
    connection = await asyncpg.connect(shared_database)
    try:
        assert [] == await kept(connection)
    finally:
        await connection.close()
