"""Lists that are always empty: what connectors send."""

from __future__ import annotations

from tests.conformance.operations import Case

RECENT = {"operator": "OR", "value": [{"field": "updated_at", "operator": ">", "value": 1_577_836_800}]}
SEARCH = {
    "query": RECENT,
    "sort": {"field": "updated_at", "order": "ascending"},
    "pagination": {"per_page": 150, "starting_after": ""},
}


def _pages(path: str) -> list[Case]:
    return [Case(200, path), Case(200, f"{path}?page=2&per_page=150"), Case(400, f"{path}?per_page=151")]


def _search(path: str) -> list[Case]:
    return [Case(200, path, SEARCH), Case(200, path), Case(400, path, {"pagination": {"per_page": 151}})]


CASES = {
    ("GET", "/admins/activity_logs"): [
        Case(200, "/admins/activity_logs?created_at_after=1677253093&created_at_before=1677861493"),
    ],
    ("GET", "/teams"): [Case(200, "/teams"), Case(200, "/teams?per_page=150")],
    ("GET", "/conversations"): [*_pages("/conversations"), Case(200, "/conversations?starting_after=cursor")],
    ("POST", "/conversations/search"): _search("/conversations/search"),
    ("POST", "/tickets/search"): _search("/tickets/search"),
    ("GET", "/ticket_types"): [Case(200, "/ticket_types")],
    ("GET", "/articles"): _pages("/articles"),
    ("GET", "/help_center/collections"): _pages("/help_center/collections"),
    ("GET", "/news/news_items"): _pages("/news/news_items"),
}
