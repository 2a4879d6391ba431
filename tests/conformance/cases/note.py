from __future__ import annotations

import httpx2
from tests.conformance.operations import NO_NUMBER, NOBODY, Case, Cast

CASES = {
    ("POST", "/contacts/{contact_id}/notes"): [
        Case(200, "/contacts/{contact}/notes", {"body": "Hello", "admin_id": "1"}),
        Case(200, "/contacts/{contact}/notes", {"contact_id": "{contact}", "body": "<p>Hello</p>"}),
        Case(400, "/contacts/{contact}/notes", {"admin_id": "{admin}"}),
        Case(404, "/contacts/{contact}/notes", {"body": "Hello", "admin_id": NO_NUMBER}),
        Case(404, f"/contacts/{NOBODY}/notes", {"body": "Hello", "admin_id": "{admin}"}),
    ],
    ("GET", "/contacts/{contact_id}/notes"): [
        Case(200, "/contacts/{contact}/notes"),
        Case(200, "/contacts/{contact}/notes?per_page=1&page=1"),
        Case(200, "/contacts/{contact}/notes?page=7"),
        Case(400, "/contacts/{contact}/notes?per_page=none"),
        Case(404, f"/contacts/{NOBODY}/notes"),
    ],
    ("GET", "/notes/{note_id}"): [Case(200, "/notes/{note}"), Case(404, f"/notes/{NO_NUMBER}")],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """Two notes on Alice, so that there is a second page."""
    path = f"/contacts/{cast['contact']}/notes"
    made = [await client.post(path, json={"body": body}) for body in ("This is a note.", "This is another.")]
    assert [200, 200] == [answer.status_code for answer in made], made[0].text
    return {"note": made[0].json()["id"]}
