"""A page of contacts costs the same however many there are: SQLite's steps and PostgreSQL's rows, not time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import pytest
from tests import postgres
from tests.cast import NOON
from tests.sqlite import new_file
from tests.storage import crowd
from tests.storage.conftest import ACME

from sayso.domain.contact import Contact
from sayso.domain.search import Node
from sayso.domain.search_order import CREATION, Order
from sayso.domain.search_query import Language, parse
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.sqlite import SqliteEngine, connect
from sayso.storage.store import SqlStore

FEW, MANY = 400, 8_000

PER_PAGE = 50

EXACT = Language(UTC, is_exact=True)


def where(field: str, operator: str, value: Any) -> Node:
    return parse({"field": field, "operator": operator, "value": value}, EXACT)


USERS, LEADS, ANYONE = where("role", "=", "user"), where("role", "=", "lead"), where("role", "IN", ["user", "lead"])

UPDATED = where("updated_at", ">", NOON // 1000 - 1)

CREATED = where("created_at", ">", NOON // 1000 + 60)

#: A tag that everyone has.
TAGGED = where("tag_id", "=", "1")


async def first(store: SqlStore) -> list[Contact]:
    return await store.contact.page(ACME, None, PER_PAGE)


async def second(store: SqlStore, number: int) -> list[Contact]:
    return await store.contact.page(ACME, place(number, 60), PER_PAGE)


async def last(store: SqlStore, number: int) -> list[Contact]:
    return await store.contact.page(ACME, place(number, number - PER_PAGE), PER_PAGE)


async def found(store: SqlStore, number: int, query: Node, order: Order, after: int | None) -> list[Contact]:
    return await store.search.page(ACME, query, order, None if after is None else place(number, after), PER_PAGE)


def place(number: int, contact: int) -> tuple[int, str]:
    return NOON + (contact % number) * crowd.BETWEEN, "f" * 24


NEWEST_FIRST = Order(descending=True)


def updated_by(number: int, changes: int) -> Node:
    """The last so many changes of as many contacts as there are."""
    return where("updated_at", ">", NOON // 1000 + number - changes - 1)


#: Each is asked with a store and how many contacts it has.
Pages: TypeAlias = dict[str, Callable[[SqlStore, int], Awaitable[Any]]]

PAGES: Pages = {
    "GET /contacts": lambda store, _: first(store),
    "its second page": second,
    "its last page": last,
    "its total": lambda store, _: store.contact.count(ACME),
    **{
        f"{name}, {which} page, {direction}": partial(found, query=query, order=order, after=after)
        for name, query in {
            "users": USERS,
            "leads": LEADS,
            "anyone": ANYONE,
            "created since": CREATED,
            "tagged": TAGGED,
        }.items()
        for direction, order in {"oldest first": CREATION, "newest first": NEWEST_FIRST}.items()
        for which, after in {"first": None, "second": 60 if order is CREATION else -60}.items()
    },
    **{
        f"total of {name}": partial(lambda store, _, query: store.search.count(ACME, query), query=query)
        for name, query in {"users": USERS, "leads": LEADS, "anyone": ANYONE}.items()
    },
    "updated just now, first page": lambda store, number: found(store, number, updated_by(number, 50), CREATION, None),
    "total of updated just now": lambda store, number: store.search.count(ACME, updated_by(number, 50)),
    "updated since, second page, oldest first": partial(found, query=UPDATED, order=CREATION, after=60),
    "updated since, second page, newest first": partial(found, query=UPDATED, order=NEWEST_FIRST, after=-60),
}


#: More than `FEW` and less than a quarter of the contacts: those that were created last.
LATELY = 150

#: Searches that find nothing among the first contacts: they cost as much as the changes that they go through.
UPDATED_LATELY: Pages = {
    "updated lately, first page": lambda store, number: found(
        store, number, updated_by(number, LATELY), CREATION, None
    ),
    "updated lately, second page": lambda store, number: found(store, number, updated_by(number, LATELY), CREATION, 60),
    "total of updated lately": lambda store, number: store.search.count(ACME, updated_by(number, LATELY)),
}

#: Of a workspace whose first contacts are all leads.
BEHIND_LEADS = {name: ask for name, ask in PAGES.items() if name.startswith("users, first")}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred are too many to be gone through at once."""
    monkeypatch.setattr("sayso.storage.search.FEW", 100)


class Steps:
    """How many instructions SQLite carried out on connections made here."""

    def __init__(self) -> None:
        self.number = 0

    def connect(self, path: Path) -> apsw.Connection:
        made = connect(path)
        made.set_progress_handler(self._step, 1)
        return made

    def _step(self) -> bool:
        self.number += 1
        return False


def role(contact: int) -> str:
    return "lead" if contact % 3 == 0 else "user"


def last_are_users(number: int) -> Callable[[int], str]:
    return lambda contact: "user" if contact >= number - 2 * PER_PAGE else "lead"


@asynccontextmanager
async def file_with(
    number: int, folder: Path, steps: Steps, role: Callable[[int], str] = role
) -> AsyncIterator[SqlStore]:
    path = new_file(folder / f"{number}.db")
    crowd.fill_file(path, crowd.rows(number, role))
    store = SqlStore(SqliteEngine(partial(steps.connect, path)))
    yield store
    await store.close()


@pytest.mark.parametrize(
    ("pages", "roles", "slack"),
    [
        (PAGES, lambda _: role, 100),
        (BEHIND_LEADS, last_are_users, 100),
        # Of few contacts all are walked along, which takes fewer steps for each.
        (UPDATED_LATELY, lambda _: role, 25 * LATELY),
    ],
    ids=["mixed", "users behind leads", "changes behind all"],
)
async def test_on_sqlite_a_page_takes_as_many_steps_of_a_few_contacts_as_of_many(
    tmp_path: Path, pages: Pages, roles: Callable[[int], Callable[[int], str]], slack: int
):
    steps, taken = Steps(), {}
    for number in (FEW, MANY):
        async with file_with(number, tmp_path, steps, roles(number)) as store:
            for name, ask in pages.items():
                steps.number = 0
                await ask(store, number)
                taken[name, number] = steps.number

    assert {} == {
        name: (taken[name, FEW], taken[name, MANY])
        for name in pages
        if taken[name, MANY] > 1.2 * taken[name, FEW] + slack
    }


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize(
    ("pages", "roles", "most"),
    [
        (PAGES, role, 6 * PER_PAGE),
        (BEHIND_LEADS, last_are_users(MANY), 6 * PER_PAGE),
        (UPDATED_LATELY, role, 12 * LATELY),
    ],
    ids=["mixed", "users behind leads", "changes behind all"],
)
async def test_on_postgresql_a_page_looks_at_few_of_many_contacts(
    cluster: postgres.Cluster,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    pages: Pages,
    roles: Callable[[int], str],
    most: int,
    *,
    analyzed: bool,
):
    await bring_up_to_date(database, NOON)
    await crowd.fill_database(database, crowd.rows(MANY, roles))
    # As for disks that need not seek. By default, to sort all of so few contacts seems to cost hardly more than an index.
    cluster.sql(f"ALTER DATABASE {database.rpartition('/')[2]} SET random_page_cost = 1.1")
    if analyzed:
        cluster.sql("ANALYZE", url=database)
    store = await postgres.store_on(database)
    looked_at = {}
    try:
        for name, ask in pages.items():
            with recorded(store, monkeypatch) as reads:
                await ask(store, MANY)
            looked_at[name] = sum([await rows_of(*read) for read in reads])
    finally:
        await store.close()

    assert {} == {name: rows for name, rows in looked_at.items() if rows > most}


@contextmanager
def recorded(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, ...]]]:
    """How an engine is asked to read, the statements, and their parameters."""
    reads: list[tuple[Any, ...]] = []

    def recording(read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def record(*asked: Any) -> Any:
            reads.append((read, *asked))
            return await read(*asked)

        return record

    with monkeypatch.context() as patch:
        for name in ("read", "read_many", "read_or_scan", "scan"):
            patch.setattr(store.engine, name, recording(getattr(store.engine, name)))
        yield reads


async def rows_of(read: Callable[..., Awaitable[Any]], sql: str, *params: Any) -> float:
    """How many rows and index entries a statement looks at."""
    ((explained,),) = await read(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *params)
    return _rows(json.loads(explained)[0]["Plan"])


def _rows(plan: dict[str, Any]) -> float:
    below = sum(map(_rows, plan.get("Plans", [])))
    if "Scan" not in plan["Node Type"]:
        return below
    passed = sum(plan.get(each, 0) for each in ("Actual Rows", "Rows Removed by Filter"))
    return below + passed * plan["Actual Loops"]
