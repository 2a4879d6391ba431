"""Searches in a store: the same contacts on every one, those that the reference evaluator finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage import searched
from tests.storage.conftest import ACME

from sayso.domain.contact import Contact
from sayso.domain.errors import Invalid
from sayso.domain.search import matches
from sayso.domain.search_order import CREATION, Mark, parse_order
from sayso.domain.search_query import Language, parse
from sayso.service.ports import Store
from sayso.service.search import Search, SearchService

pytestmark = pytest.mark.usefixtures("workspace")

LIVE: dict[int, list[Contact]] = {}


async def live(store: Store) -> list[Contact]:
    """Made once for each store: hypothesis calls a test many times."""
    if id(store) not in LIVE:
        LIVE.clear()
        LIVE[id(store)] = await searched.populated(store)
    return LIVE[id(store)]


EACH_STORE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EACH_STORE
@given(
    tree=searched.TREES, language=st.sampled_from(searched.LANGUAGES), sort=searched.SORTS, per_page=st.integers(1, 20)
)
async def test_a_search_finds_what_the_reference_finds_in_pages_without_gap_or_repetition(
    store: Store, tree: Any, language: Language, sort: Any, per_page: int
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
    assert expected == sorted(
        await store.search.page(ACME, search.query, CREATION, None, 1_000), key=CREATION.place
    )
    assert len(expected) == await store.search.count(ACME, search.query)
