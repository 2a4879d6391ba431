from __future__ import annotations

from tests.conformance.operations import Case

ALICE = {"field": "external_id", "operator": "=", "value": "{external_id}"}
RECENT = {"field": "created_at", "operator": ">", "value": "1306054154"}
USERS = {"field": "role", "operator": "=", "value": "user"}

CASES = {
    ("POST", "/contacts/search"): [
        Case(200, "/contacts/search", {"query": ALICE}),
        Case(200, "/contacts/search", {"query": {"operator": "AND", "value": [RECENT]}, "pagination": {"per_page": 5}}),
        Case(200, "/contacts/search", {"query": USERS, "pagination": {"per_page": 1, "starting_after": None}}),
        Case(200, "/contacts/search", {"query": RECENT, "sort": {"field": "created_at", "order": "ascending"}}),
        Case(400, "/contacts/search", {}),
        Case(400, "/contacts/search", {"query": {"field": "opted_in", "operator": "=", "value": "1"}}),
        Case(400, "/contacts/search", {"query": USERS, "pagination": {"per_page": 151}}),
    ]
}
