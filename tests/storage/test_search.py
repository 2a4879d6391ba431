"""Searches in a store: the same contacts on every one, those that the reference evaluator finds."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import NOON
from tests.storage import searched
from tests.storage.conftest import ACME

from sayso.domain.access import Workspace
from sayso.domain.contact import Contact
from sayso.domain.errors import Invalid
from sayso.domain.search import Group, matches
from sayso.domain.search_order import CREATION, Mark, Order, parse_order
from sayso.domain.search_query import Language, parse
from sayso.service.ports import Store
from sayso.service.search import Search, SearchService
from sayso.storage.postgres import PostgresEngine
from sayso.storage.search_spelling import PostgresSpelling
from sayso.storage.sqlite import SqliteEngine
from sayso.storage.store import SqlStore

LIVE: dict[Store, list[Contact]] = {}


async def live(store: Store) -> list[Contact]:
    """Made once for each store: hypothesis calls a test many times."""
    if store not in LIVE:
        LIVE.clear()
        LIVE[store] = await searched.populated(store)
    return LIVE[store]


EACH_STORE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EACH_STORE
@given(
    tree=searched.TREES, language=st.sampled_from(searched.LANGUAGES), sort=searched.SORTS, per_page=st.integers(7, 40)
)
async def test_a_search_finds_what_the_reference_finds_in_pages_without_gap_or_repetition(
    store: Store, workspace: Workspace, tree: Any, language: Language, sort: Any, per_page: int
):
    contacts = await live(store)
    try:
        search = Search(parse(tree, language), parse_order(sort, language))
    except Invalid:
        return
    expected = [contact for contact in contacts if matches(search.query, contact)]

    found, after, totals = [], None, set()
    while True:
        page = await SearchService(store).page(ACME, search, after, per_page)
        found += page.contacts
        totals.add(page.total)
        if page.following is None:
            break
        after = Mark.of(page.following.word(), search.order)
        assert (page.page, per_page) == (after.page, len(page.contacts))

    assert search.order.following(expected, None) == found
    assert {len(expected)} == totals
    assert expected == sorted(await store.search.page(ACME, search.query, CREATION, None, 1_000), key=CREATION.place)
    assert len(expected) == await store.search.count(ACME, search.query)


def where(field: str, value: Any, operator: str = "=") -> Any:
    return parse({"field": field, "operator": operator, "value": value}, searched.LANGUAGES[2])


USER = where("role", "user")

#: What a search does in SQLite, which keeps no statistics: one step for each table it reads.
PLANS = {
    "all in a page": (
        where("role", ["user", "lead"], "IN"),
        CREATION,
        ["contacts_page (<expr>=? AND state=? AND (created_at,contact_id)>(?,?))"],
    ),
    "leads": (
        where("role", "lead"),
        CREATION,
        ["contacts_roles (<expr>=? AND state=? AND role=? AND (created_at"],
    ),
    "users among others": (
        Group(is_all=True, parts=(where("role", "lead", "!="), where("name", "A", "~"))),
        CREATION,
        ["contacts_roles (<expr>=? AND state=? AND role=? AND (created_at"],
    ),
    "users or others": (
        Group(is_all=False, parts=(USER, where("name", "A", "~"))),
        CREATION,
        ["contacts_page (<expr>=? AND state=? AND (created_at,contact_id)>(?,?))"],
    ),
    "created since": (
        where("created_at", 5, ">"),
        CREATION,
        ["contacts_page (<expr>=? AND state=? AND (created"],
    ),
    "created before": (
        where("created_at", 5, "<"),
        CREATION,
        ["contacts_page (<expr>=? AND state=? AND (created"],
    ),
    "newest first": (
        where("created_at", 5, ">"),
        Order(descending=True),
        ["contacts_page (<expr>=? AND state=? AND created_at>? AND (created_at,contact_id)<(?,?))"],
    ),
    "updated since": (
        where("updated_at", 5, ">"),
        CREATION,
        ["events USING PRIMARY KEY (act>?)", "contacts USING PRIMARY KEY (workspace_id=? AND contact_id=?)"],
    ),
    "tagged": (
        where("tag_id", "5"),
        CREATION,
        [
            "contact_tags_tag (<expr>=? AND tag_id=?)",
            "contacts USING PRIMARY KEY (workspace_id=? AND contact_id=?)",
        ],
    ),
}


@pytest.mark.parametrize("name", PLANS)
async def test_a_page_is_found_by_an_index(sqlite: SqlStore, name: str):
    query, order, expected = PLANS[name]
    steps = await planned(sqlite, lambda: sqlite.search.page(ACME, query, order, (7, "0" * 24), 50))

    assert len(expected) == len(steps), steps
    assert all(part in step for part, step in zip(expected, steps, strict=True)), steps


@pytest.mark.parametrize("sort", [None, {"field": "created_at", "order": "descending"}])
@pytest.mark.parametrize(("few", "share"), [(8_000, 4), (1, 1)])
async def test_a_walk_by_updates_finds_all_whether_they_lie_near_each_other_or_not(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, sort: Any, few: int, share: int
):
    monkeypatch.setattr("sayso.storage.search.NEAR", 1)
    monkeypatch.setattr("sayso.storage.search.FEW", few)
    monkeypatch.setattr("sayso.storage.search.SHARE", share)
    contacts = await live(store)
    order = parse_order(sort, searched.LANGUAGES[2])
    for days in range(8):
        query = where("updated_at", NOON // 1000 - days * 86_400, ">")
        expected = order.following([contact for contact in contacts if matches(query, contact)], None)
        found, after = expected[:1], Mark(*order.place(expected[0]), 1, 1)
        while after is not None:
            page = await SearchService(store).page(ACME, Search(query, order), after, 2)
            found += page.contacts
            after = page.following

        assert expected == found
        assert len(expected) == await store.search.count(ACME, query)


@pytest.mark.parametrize("few", [8_000, 1])
@pytest.mark.parametrize(
    ("field", "value", "operator"),
    [
        ("email", "example", "~"),
        ("email", "alice@example.com", "!="),
        ("email_domain", "example.com", "="),
        ("phone", "555", "~"),
        ("name", "a", "~"),
        ("external_id", "alice", "!="),
    ],
)
async def test_a_walk_by_updates_takes_every_other_filter_beside_it(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, few: int, field: str, value: str, operator: str
):
    monkeypatch.setattr("sayso.storage.search.NEAR", 1)
    monkeypatch.setattr("sayso.storage.search.FEW", few)
    monkeypatch.setattr("sayso.storage.search.SHARE", 1)
    contacts = await live(store)
    query = Group(is_all=True, parts=(where("updated_at", 5, ">"), where(field, value, operator)))
    expected = CREATION.following([contact for contact in contacts if matches(query, contact)], None)
    place = CREATION.place(expected[0])

    assert expected[1:] == await store.search.page(ACME, query, CREATION, place, 1_000)
    assert expected[1:3] == await store.search.page(ACME, query, CREATION, place, 2)
    assert expected[:2] == await store.search.page(ACME, query, CREATION, None, 2)


async def test_a_page_whose_contacts_lie_near_each_other_is_one_statement_along_an_index(
    sqlite: SqlStore, workspace: Workspace
):
    contacts = await live(sqlite)
    query, first = where("updated_at", 5, ">"), CREATION.place(contacts[0])
    asked: list[Any] = []
    steps = await planned(sqlite, lambda: sqlite.search.page(ACME, query, CREATION, first, 20), asked)

    assert 1 == len(asked)
    assert ["contacts_page (<expr>=? AND state=? AND (created_at,contact_id)>(?,?))"] == [
        step.partition("INDEX ")[2] for step in steps if "contacts" in step
    ]


def test_on_citus_the_contacts_of_few_rows_are_joined_without_an_offset():
    """Citus refuses an OFFSET in a query that refers to another table; and no change beyond `FEW` is gone through."""

    class Spread:
        is_one_server = False

    spelling = PostgresSpelling(cast(PostgresEngine, Spread()))

    assert not spelling.looks_up_each
    assert "OFFSET" not in spelling.by_key("SELECT 1 AS few_id")
    assert "OFFSET" in PostgresSpelling().by_key("SELECT 1 AS few_id")


@pytest.mark.parametrize("kind", ["email", "external_id"])
async def test_all_who_have_an_identifier_are_among_those_named(store: Store, workspace: Workspace, kind: str):
    contacts = await live(store)
    held = {getattr(contact.profile, kind) for contact in contacts} - {None}
    for value in sorted({*held, *map(str.upper, held), "alice@example.com", "nobody@example.com"}):
        named = await store.search.identified(ACME, kind, value)
        query = where(kind, value)

        assert len(named) == len({contact.id for contact in named})
        assert all(contact in contacts for contact in named)
        assert {contact.id for contact in contacts if matches(query, contact)} <= {contact.id for contact in named}


@pytest.mark.parametrize("kind", ["email", "external_id"])
async def test_who_has_an_identifier_is_found_by_keys_in_one_statement(sqlite: SqlStore, kind: str):
    steps = await planned(sqlite, lambda: sqlite.search.identified(ACME, kind, "alice"))

    claims, *sharing, leads, contacts = steps
    assert "contact_keys USING PRIMARY KEY (workspace_id=? AND kind=? AND value=?)" in claims
    assert f"INDEX contacts_lead_{kind} (<expr>=?)" in leads
    assert "contacts USING PRIMARY KEY (workspace_id=? AND contact_id=?)" in contacts
    expected = ["SEARCH contacts USING INDEX contacts_shared_email (<expr>=?)"]
    assert (expected if kind == "email" else []) == sharing


async def test_a_search_for_an_identifier_is_prepared_once_for_all_values(sqlite: SqlStore):
    again: list[int] = []
    engine = cast(SqliteEngine, sqlite.engine)
    engine._reader.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda told: again.append(told["stmt_status"]["SQLITE_STMTSTATUS_REPREPARE"])
    )
    for name in ("alice", "bob", "carol"):
        await sqlite.search.identified(ACME, "email", f"{name}@example.com")
        await sqlite.search.identified(ACME, "external_id", name)

    assert len(again) >= 6
    assert {0} == set(again)


async def planned(
    sqlite: SqlStore, work: Callable[[], Awaitable[object]], asked: list[tuple[Any, ...]] | None = None
) -> list[str]:
    """What the last statement searches and scans. `asked` gets all statements."""
    asked = [] if asked is None else asked
    engine = sqlite.engine
    read, scan = engine.read, engine.scan
    engine.read = engine.scan = lambda *statement: (asked.append(statement), scan(*statement))[1]  # type: ignore[method-assign]
    await work()
    sql, *params = asked[-1]
    steps = [str(row[3]) for row in await read(f"EXPLAIN QUERY PLAN {sql}", *params)]
    return [step for step in steps if re.match(r"(SEARCH|SCAN) (?!few)", step)]
