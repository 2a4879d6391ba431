from __future__ import annotations

import httpx2
from tests.conformance.operations import NO_NUMBER, Case, Cast

CASES = {
    ("GET", "/me"): [Case(200, "/me")],
    ("GET", "/admins"): [Case(200, "/admins"), Case(200, "/admins?display_avatar=true")],
    ("GET", "/admins/{admin_id}"): [Case(200, "/admins/{newest_admin}"), Case(404, f"/admins/{NO_NUMBER}")],
}


async def cast(client: httpx2.AsyncClient, _: Cast) -> Cast:
    """Only a command makes admins: the newest is whom the fixtures made last."""
    return {"newest_admin": (await client.get("/admins")).json()["admins"][-1]["id"]}
