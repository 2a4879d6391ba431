from __future__ import annotations

import httpx2
from tests.conformance.operations import Case, Cast, made

CASES = {
    ("GET", "/contacts/activities"): [
        Case(200, "/contacts/activities"),
        Case(200, "/contacts/activities?per_page=1"),
        Case(200, "/contacts/activities?starting_after=019a447a54007000"),
        Case(400, "/contacts/activities?per_page=151"),
        Case(400, "/contacts/activities?starting_after=x"),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """A contact that is merged and one that is deleted."""
    merged, deleted = [await made(client, "/contacts", {"role": "lead"}) for _ in range(2)]
    body = {"from": merged["id"], "into": cast["contact"], "skip_duplicate_validation": True}
    await made(client, "/contacts/merge", body)
    await client.delete(f"/contacts/{deleted['id']}")
    return {}
