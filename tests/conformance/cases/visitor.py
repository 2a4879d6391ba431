from __future__ import annotations

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast, made

CASES = {
    ("GET", "/visitors"): [
        Case(200, "/visitors?user_id={user_id}"),
        Case(400, "/visitors"),
        Case(404, "/visitors?user_id=nobody"),
        Case(404, "/visitors?user_id={external_id}"),
    ],
    ("PUT", "/visitors"): [
        Case(200, "/visitors", {"id": "{lead}", "name": "Gareth Bale", "custom_attributes": {"paid": False}}),
        Case(200, "/visitors", {"user_id": "{user_id}", "name": None}),
        Case(400, "/visitors", {"name": "Christian Bale"}),
        Case(400, "/visitors", {"id": "{lead}", "custom_attributes": {"unknown": 1}}),
        Case(404, "/visitors", {"id": "{contact}", "name": "Christian Bale"}),
        Case(404, "/visitors", {"user_id": "fail", "name": "Christian Fail"}),
    ],
    ("GET", "/visitors/{id}"): [
        Case(200, "/visitors/{lead}"),
        Case(404, "/visitors/{contact}"),
        Case(404, f"/visitors/{NOBODY}"),
    ],
    ("POST", "/visitors/convert"): [
        Case(
            200,
            "/visitors/convert",
            {"visitor": {"user_id": "{user_id}"}, "user": {"email": "new{number}@example.com"}, "type": "user"},
        ),
        Case(200, "/visitors/convert", {"visitor": {"id": "{other}"}, "user": {"id": "{contact}"}, "type": "user"}),
        Case(200, "/visitors/convert", {"visitor": {"id": "{third}"}, "user": {"id": "{into}"}, "type": "lead"}),
        Case(400, "/visitors/convert", {"visitor": {"id": "{into}"}, "user": {"id": "{contact}"}, "type": "lead"}),
        Case(400, "/visitors/convert", {"visitor": {"id": "{into}"}, "user": {"id": "{contact}"}}),
        Case(400, "/visitors/convert", {"visitor": {"id": "{into}"}, "type": "user"}),
        Case(400, "/visitors/convert", {"visitor": {}, "user": {"id": "{contact}"}, "type": "user"}),
        Case(404, "/visitors/convert", {"visitor": {"id": "{other}"}, "user": {"id": "{contact}"}, "type": "user"}),
        Case(404, "/visitors/convert", {"visitor": {"id": "{into}"}, "user": {"id": NOBODY}, "type": "user"}),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """Leads; of the first one much is known."""
    grace = {
        "role": "lead",
        "email": f"grace{cast['number']}@example.com",
        "phone": "+15555550101",
        "name": "Grace",
        "avatar": "https://example.com/grace.png",
        "owner_id": cast["admin"],
        "custom_attributes": {"paid": True},
        "last_seen_at": 1_700_000_000,
    }
    leads = [await made(client, "/contacts", body) for body in (grace, *[{"role": "lead"}] * 3)]
    lead = leads[0]["id"]
    tag = await made(client, "/tags", {"name": f"tag {cast['number']}"})
    await made(client, f"/contacts/{lead}/tags", {"id": tag["id"]})
    company = await made(client, "/companies", {"company_id": f"company {cast['number']}", "name": "Engines"})
    await made(client, f"/contacts/{lead}/companies", {"id": company["id"]})
    ids = dict(zip(("lead", "other", "third", "into"), (one["id"] for one in leads), strict=True))
    return {**ids, "user_id": leads[0]["external_id"]}
