from __future__ import annotations

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast, made

CASES = {
    ("POST", "/contacts/merge"): [
        Case(200, "/contacts/merge", {"from": "{lead}", "into": "{contact}"}),
        Case(400, "/contacts/merge", {"from": "{contact}", "into": "{other}", "skip_duplicate_validation": True}),
        Case(400, "/contacts/merge", {"from": "{twin}", "into": "{contact}"}, in_preview=200),
        Case(400, "/contacts/merge", {"from": "{other}"}),
        Case(400, "/contacts/merge", {"from": True, "into": "{contact}"}),
        Case(404, "/contacts/merge", {"from": 7, "into": "{contact}"}),
        Case(404, "/contacts/merge", {"from": NOBODY, "into": "{contact}"}),
        Case(404, "/contacts/merge", {"from": "{other}", "into": NOBODY}),
    ],
    ("POST", "/contacts/merge/preview"): [
        Case(200, "/contacts/merge/preview", {"from": "{lead}", "into": "{contact}"}),
        Case(200, "/contacts/merge/preview", {"from": "{contact}", "into": "{lead}"}),
        Case(200, "/contacts/merge/preview", {"from": "{bare}", "into": "{contact}"}),
        Case(
            200, "/contacts/merge/preview", {"from": "{bare}", "into": "{contact}", "skip_duplicate_validation": True}
        ),
        Case(400, "/contacts/merge/preview", {"from": "{lead}"}),
        Case(404, "/contacts/merge/preview", {"from": NOBODY, "into": "{contact}"}),
        Case(404, "/contacts/merge/preview", {"from": "{lead}", "into": NOBODY}),
    ],
    ("GET", "/contacts/{id}/merge_history"): [
        Case(200, "/contacts/{contact}/merge_history"),
        Case(200, "/contacts/{contact}/merge_history?per_page=1&order=asc"),
        Case(400, "/contacts/{contact}/merge_history?order=up"),
        Case(400, "/contacts/{contact}/merge_history?per_page=151"),
        Case(400, "/contacts/{contact}/merge_history?cursor=x"),
        Case(404, "/contacts/{other}/merge_history"),
        Case(404, f"/contacts/{NOBODY}/merge_history"),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """Two leads with Alice's address, one without, and a user with her phone; into Alice two others were merged."""
    leads = [(await made(client, "/contacts", {"role": "lead", "email": cast["email"]}))["id"] for _ in range(4)]
    for lead in leads[2:]:
        await made(
            client, "/contacts/merge", {"from": lead, "into": cast["contact"], "skip_duplicate_validation": True}
        )
    bare = (await made(client, "/contacts", {"role": "lead", "name": "Bare"}))["id"]
    await made(client, f"/contacts/{bare}/notes", {"body": "kept"})
    twin = await made(client, "/contacts", {"external_id": f"twin{cast['number']}", "phone": "+15555550100"})
    return {"lead": leads[0], "other": leads[1], "bare": bare, "twin": twin["id"]}
