"""Lists that are always empty: what connectors send."""

from __future__ import annotations

from tests.conformance.operations import Case

RECENT = {"operator": "OR", "value": [{"field": "updated_at", "operator": ">", "value": 1_577_836_800}]}
SEARCH = {
    "query": RECENT,
    "sort": {"field": "updated_at", "order": "ascending"},
    "pagination": {"per_page": 150, "starting_after": ""},
}
RECENT_LOGS = {"created_at_after": 1_677_253_093, "event_types": ["app_name_change"]}


def _pages(path: str) -> list[Case]:
    return [Case(200, path), Case(200, f"{path}?page=2&per_page=150"), Case(400, f"{path}?per_page=151")]


def _search(path: str) -> list[Case]:
    return [Case(200, path, SEARCH), Case(200, path), Case(400, path, {"pagination": {"per_page": 151}})]


CASES = {
    ("GET", "/admins/activity_logs"): [
        Case(200, "/admins/activity_logs?created_at_after=1677253093&created_at_before=1677861493"),
    ],
    ("POST", "/admins/activity_logs/search"): [
        Case(200, "/admins/activity_logs/search", RECENT_LOGS),
        Case(200, "/admins/activity_logs/search", RECENT_LOGS | {"page": 2, "per_page": 250}),
        Case(400, "/admins/activity_logs/search", RECENT_LOGS | {"per_page": 251}),
        Case(400, "/admins/activity_logs/search", RECENT_LOGS | {"page": 0}),
    ],
    ("GET", "/admins/activity_log_event_types"): [Case(200, "/admins/activity_log_event_types")],
    ("GET", "/teams"): [Case(200, "/teams"), Case(200, "/teams?per_page=150")],
    ("GET", "/conversations"): [*_pages("/conversations"), Case(200, "/conversations?starting_after=cursor")],
    ("POST", "/conversations/search"): _search("/conversations/search"),
    ("POST", "/tickets/search"): _search("/tickets/search"),
    ("GET", "/ticket_types"): [Case(200, "/ticket_types")],
    ("GET", "/articles"): _pages("/articles"),
    ("GET", "/help_center/collections"): _pages("/help_center/collections"),
    ("GET", "/news/news_items"): _pages("/news/news_items"),
}
