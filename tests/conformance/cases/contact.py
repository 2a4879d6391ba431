from __future__ import annotations

from tests.conformance.operations import NOBODY, Case

CASES = {
    ("GET", "/contacts"): [
        Case(200, "/contacts"),
        Case(200, "/contacts?per_page=1"),
        Case(400, "/contacts?per_page=none"),
    ],
    ("POST", "/contacts"): [
        Case(200, "/contacts", {"email": "new{number}@example.com"}),
        Case(200, "/contacts", {"external_id": "new{number}"}),
        Case(200, "/contacts", {"role": "lead"}),
        Case(400, "/contacts", {"email": 7}),
        Case(409, "/contacts", {"email": "{email}", "external_id": "{external_id}"}),
    ],
    ("GET", "/contacts/find_by_external_id/{external_id}"): [
        Case(200, "/contacts/find_by_external_id/{external_id}"),
        Case(404, "/contacts/find_by_external_id/nobody"),
    ],
    ("GET", "/contacts/{id}"): [Case(200, "/contacts/{contact}"), Case(404, f"/contacts/{NOBODY}")],
    ("PUT", "/contacts/{id}"): [
        Case(200, "/contacts/{contact}", {"name": "Alice again", "unsubscribed_from_emails": True}),
        Case(400, "/contacts/{contact}", {"name": 7}),
        Case(404, f"/contacts/{NOBODY}", {}),
    ],
    ("DELETE", "/contacts/{id}"): [Case(200, "/contacts/{contact}"), Case(404, f"/contacts/{NOBODY}")],
}
