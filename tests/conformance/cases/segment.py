from __future__ import annotations

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast

CASES = {
    ("GET", "/segments"): [Case(200, "/segments"), Case(200, "/segments?include_count=true")],
    ("GET", "/segments/{segment_id}"): [
        Case(200, "/segments/{segment}"),
        Case(200, "/segments/{segment}?include_count=true"),
        Case(404, f"/segments/{NOBODY}"),
    ],
    ("GET", "/contacts/{contact_id}/segments"): [
        Case(200, "/contacts/{contact}/segments"),
        Case(404, f"/contacts/{NOBODY}/segments"),
    ],
}


async def cast(client: httpx2.AsyncClient, _: Cast) -> Cast:
    return {"segment": (await client.get("/segments")).json()["segments"][0]["id"]}
