"""The layers, and what each may not do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import apsw
import pytest
from tests.conformance import operations
from tests.conftest import Acme

from sayso.api.routes import OPEN_ROUTES
from sayso.api.routes import ROUTES as API_ROUTES
from sayso.storage.migrate import files, for_sqlite

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "sayso"
FILE_LIMIT = 400

#: Statements that name no workspace, each with its reason.
WITHOUT_WORKSPACE = {
    ("token.py", "_FIND"): "the digest of a token is how its workspace is found",
    ("workspace.py", "_ALL"): "the list of workspaces",
    ("copy.py", "_VERSIONS"): "moving a whole database",
    ("copy.py", "_NEWEST"): "moving a whole database",
    ("search.py", "_IS_MUCH_RECENT"): "whether much has happened lately, of which the search then takes its own",
    ("copy.py", "_COMPANIES"): "moving a whole database",
    ("copy.py", "_BULK_DONE"): "moving a whole database",
    ("bulk.py", "_UNFINISHED"): "a process carries on with what others have left, in all workspaces",
    ("ledger.py", "LAST_OF_RANGE"): "how far a stretch of the events of all workspaces reaches",
}


def modules() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def test_imports_go_in_one_direction():
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == checked.returncode, checked.stdout + checked.stderr
    assert "2 kept, 0 broken" in checked.stdout


def test_no_file_has_more_than_four_hundred_lines():
    lengths = {path.name: len(path.read_text().splitlines()) for path in modules()}

    assert {} == {name: length for name, length in lengths.items() if length > FILE_LIMIT}


def test_no_module_is_named_for_nothing():
    assert [] == [
        path.name for path in modules() if path.stem in {"utils", "helpers", "common", "base", "manager", "misc"}
    ]


#: Libraries that compute, and do no more than that.
PURE = {"idna", "phonenumbers"}


def test_the_domain_needs_the_standard_library_and_two_pure_ones_and_does_no_input_or_output():
    forbidden = {
        "os",
        "socket",
        "asyncio",
        "time",
        "random",
        "secrets",
        "pathlib",
        "sqlite3",
        "subprocess",
        "threading",
    }
    for path in (SOURCES / "domain").glob("*.py"):
        names = imported(path)
        foreign = {name for name in names if name not in sys.stdlib_module_names and name != "sayso"}
        assert set() == foreign - PURE, path.name
        assert set() == names & forbidden, path.name


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


# SQL.


SQL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|DROP|ALTER|PRAGMA|REPLACE|BEGIN|SAVEPOINT)\s+\S", re.DOTALL
)


@cache
def statements(path: Path) -> dict[str, str]:
    """SQL texts by the name they are given, or their line; what f-strings put in is filled in where it is a name."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts: dict[str, str] = {}
    named = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in docstrings or id(node) in inner:
            continue
        text = filled(node, texts)
        if text is not None:
            texts[named.get(id(node), f"line {node.lineno}")] = text
    return {name: text for name, text in texts.items() if SQL.match(text)}


def filled(node: ast.AST, texts: dict[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue):
                parts.append(texts.get(ast.unparse(part.value), "..."))
        return "".join(parts)
    return None


def test_sql_is_in_storage_alone():
    elsewhere = [
        f"{path.relative_to(SOURCES)} {name}"
        for path in modules()
        if path.parent.name != "storage"
        for name in statements(path)
    ]

    assert [] == elsewhere
    assert all("apsw" not in imported(path) for path in modules() if path.parent.name != "storage")


@pytest.fixture(scope="module")
def scoped_tables() -> set[str]:
    """The tables whose rows belong to a workspace."""
    connection = apsw.Connection(":memory:")
    for _, sql in files():
        connection.execute(for_sqlite(sql))
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    columns = {name: connection.execute(f"SELECT name FROM pragma_table_info('{name}')").fetchall() for name in tables}
    return {name for name in tables if ("workspace_id",) in columns[name]}


def test_every_statement_on_a_workspace_s_rows_names_the_workspace(scoped_tables):
    unscoped, seen = {}, 0
    for path in (SOURCES / "storage").glob("*.py"):
        for name, sql in statements(path).items():
            if not {word for word in re.findall(r"\w+", sql) if word in scoped_tables}:
                continue
            seen += 1
            condition = sql.partition("WHERE")[2] if not sql.lstrip().startswith("INSERT") else sql
            if "workspace_id" not in condition:
                unscoped[path.name, name] = sql
    assert seen > 25
    assert set(WITHOUT_WORKSPACE) == set(unscoped), unscoped


# Reading changes nothing.


async def test_no_get_changes_what_is_stored(acme: Acme):
    paths = [
        route.path.format(id=acme.types["opt_in"]) for route in (*API_ROUTES, *OPEN_ROUTES) if route.method == "GET"
    ]
    for number, (operation, cases) in enumerate(operations.CASES.items()):
        if operation[0] == "GET" and operation not in operations.MOVING:
            cast = await operations.cast_for(operation, acme.client, number)
            paths.append(operations.filled(cases[0].path, cast))
    before = await everything(acme)
    for path in paths:
        for method in ("GET", "HEAD"):
            acme.clock.pass_(2_000)
            if method == "HEAD":
                answer = await acme.app.respond(_head(acme, path))
                assert 200 == answer.status, path
            else:
                answer = await acme.get(path, headers={"Intercom-Version": "Preview"})
                assert 200 == answer.status_code, path
        assert before == await everything(acme), path


def _head(acme: Acme, path: str):
    from sayso.http.request import Fields, Request

    headers = {name.lower().encode(): value.encode() for name, value in acme.client.headers.items()}
    return Request("HEAD", path.encode(), Fields({**headers, b"intercom-version": b"Preview"}), b"", "127.0.0.1")


async def everything(acme: Acme) -> object:
    """The store's whole contents, row by row."""
    store, workspace = acme.region.store, acme.workspace.id
    if hasattr(store, "engine"):
        read = store.engine.read
        tables = [name for _, sql in files() for name in re.findall(r"CREATE TABLE (\w+)", sql)]
        return {name: await read(f"SELECT * FROM {name}") for name in tables}
    heads = await store.ledger.heads(workspace, "", 1000)
    return [
        [await store.contact.find(workspace, head.contact_id) for head in heads],
        await store.ledger.stored(workspace, "", None),
        await store.subscription_type.all(workspace),
        await store.subscription_type.notices(workspace),
        await store.token.all(workspace),
        await store.workspace.all(),
    ]
