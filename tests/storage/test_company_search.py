"""Searches of companies in a store: the same ones on every store, those that the reference evaluator finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from tests.cast import NOON, act
from tests.storage.conftest import ACME, created
from tests.storage.test_company import joined, kept

from sayso.domain import company as rules
from sayso.domain import company_search
from sayso.domain.company import Company
from sayso.domain.search import Kind
from sayso.domain.search_order import CREATION, parse_order
from sayso.domain.search_query import Language, parse
from sayso.service.ports import Store

pytestmark = pytest.mark.usefixtures("workspace")

LANGUAGE = Language(
    UTC,
    is_exact=True,
    attributes={"paid": Kind.BOOLEAN, "mates": Kind.INTEGER, "city": Kind.STRING},
    fields=company_search.FIELDS,
)


def where(field: str, value: Any, operator: str = "=") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


QUERIES = [
    where("company_id", "c1"),
    where("company_id", ["c1", "c3"], "IN"),
    where("name", "Blue", "^"),
    where("name", "Sun", "!~"),
    where("name", None),
    where("monthly_spend", 20, ">="),
    where("session_count", 0),
    where("session_count", 1, ">"),
    where("user_count", 0),
    where("user_count", 1, ">="),
    where("user_count", [0, 2], "IN"),
    where("tag_id", "7"),
    where("tag_id", "7", "!="),
    where("created_at", NOON // 1000, ">="),
    where("updated_at", NOON // 1000 - 1, ">"),
    where("remote_created_at", 1_394_531_169),
    where("remote_created_at", None),
    where("last_request_at", None),
    where("last_request_at", 1_700_000_000, "<="),
    where("custom_attributes.paid", True),
    where("custom_attributes.mates", 3, "<"),
    where("custom_attributes.city", "ü", "~"),
    {"operator": "OR", "value": [where("name", "Blue Sun"), where("user_count", 2)]},
]

SORTS = [None, *({"field": name, "order": "descending"} for name in ("name", "user_count", "last_request_at")),
         {"field": "session_count", "order": "ascending"}, {"field": "monthly_spend", "order": "ascending"},
         {"field": "updated_at", "order": "ascending"}, {"field": "remote_created_at", "order": "descending"}]  # fmt: skip


async def companies(store: Store) -> list[Company]:
    """Five, of which two have contacts, one of them in both."""
    made: list[Company] = [
        await kept(store, "c1", name="Blue Sun", monthly_spend=30, remote_created_at=1_394_531_169),
        await kept(store, "c2", name="Blue Moon", last_request_at=1_700_000_000, custom_attributes={"paid": True}),
        await kept(store, "c3", monthly_spend=20, custom_attributes={"mates": 2, "city": "Zürich"}),
        await kept(store, "c4", name="blue sun", custom_attributes={"mates": "many", "paid": False}),
        await kept(store, "c5", name="Sun"),
    ]
    tagged = rules.tag(made[0], "7", act(5))
    assert tagged
    await store.company.commit(tagged)
    made[0] = tagged.after
    deleted = await kept(store, "c6", name="Blue Sun")
    await store.company.commit(rules.delete(deleted, act(6)))
    await kept(store, "other", workspace_id="globex", name="Blue Sun")
    both = await joined(store, await created(store), made[0])
    await joined(store, both, made[1])
    await joined(store, await created(store), made[1])
    return [replace(company, user_count=count) for company, count in zip(made, (1, 2, 0, 0, 0), strict=True)]


async def test_a_search_of_companies_finds_what_the_reference_finds_in_every_order(store: Store):
    kept_ones = await companies(store)
    for tree in QUERIES:
        query = parse(tree, LANGUAGE)
        expected = [each for each in kept_ones if company_search.matches(query, each)]
        assert len(expected) == await store.company_search.count(ACME, query), tree
        for sort in SORTS:
            order = parse_order(sort, LANGUAGE)
            ordered = company_search.following(order, expected, None)
            assert ordered == await store.company_search.page(ACME, query, order, None, 9), tree
            for at, each in enumerate(ordered):
                after = company_search.place(order, each)
                rest = await store.company_search.page(ACME, query, order, after, 1)
                assert ordered[at + 1 : at + 2] == rest, (tree, sort)


async def test_a_search_may_find_nothing_and_only_so_many(store: Store):
    await companies(store)
    everything = parse(where("session_count", 0), LANGUAGE)

    assert 2 == len(await store.company_search.page(ACME, everything, CREATION, None, 2))
    assert [] == await store.company_search.page("nobody", everything, CREATION, None, 2)
    assert 0 == await store.company_search.count("nobody", everything)
