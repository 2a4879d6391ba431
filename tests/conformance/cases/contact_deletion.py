from __future__ import annotations

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast, made

CASES = {
    ("GET", "/contacts/deleted"): [
        Case(200, "/contacts/deleted"),
        Case(200, "/contacts/deleted?per_page=1"),
        Case(400, "/contacts/deleted?per_page=151"),
        Case(400, "/contacts/deleted?starting_after=x"),
    ],
    ("POST", "/user_delete_requests"): [
        Case(200, "/user_delete_requests", {"intercom_user_id": "{contact}"}),
        Case(400, "/user_delete_requests", {}),
        Case(400, "/user_delete_requests", {"intercom_user_id": None}),
        Case(404, "/user_delete_requests", {"intercom_user_id": "{contact}"}),
        Case(404, "/user_delete_requests", {"intercom_user_id": NOBODY}),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """Contacts that are archived, blocked, merged and deleted."""
    leads = [await made(client, "/contacts", {"role": "lead", "email": "gone@example.com"}) for _ in range(4)]
    archived, blocked, merged, deleted = (lead["id"] for lead in leads)
    await made(client, f"/contacts/{archived}/archive", None)
    await made(client, f"/contacts/{blocked}/block", None)
    body = {"from": merged, "into": cast["contact"], "skip_duplicate_validation": True}
    await made(client, "/contacts/merge", body)
    await made(client, "/user_delete_requests", {"intercom_user_id": deleted})
    return {}
