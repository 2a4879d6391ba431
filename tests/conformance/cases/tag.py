from __future__ import annotations

import httpx2
from tests.conformance.operations import NO_NUMBER, NOBODY, Case, Cast, made

CASES = {
    ("GET", "/tags"): [Case(200, "/tags")],
    ("POST", "/tags"): [
        Case(200, "/tags", {"name": "new{number}"}),
        Case(200, "/tags", {"name": "tag {number}", "users": [{"id": "{contact}"}]}),
        Case(200, "/tags", {"id": "{tag}", "users": [{"id": "{contact}", "untag": True}]}),
        Case(200, "/tags", {"id": "{tag}", "name": "renamed{number}"}),
        Case(400, "/tags", {"test": "invalid"}),
        Case(400, "/tags", {"name": "x", "users": [{}]}),
        Case(404, "/tags", {"name": "x", "users": [{"id": NOBODY}]}, in_preview=200),
        Case(404, "/tags", {"name": "x", "companies": [{"company_id": "nowhere"}]}, in_preview=200),
        Case(404, "/tags", {"id": NO_NUMBER, "users": [{"id": "{contact}"}]}),
        Case(409, "/tags", {"id": "{tag}", "name": "{other_name}"}),
    ],
    ("GET", "/tags/{tag_id}"): [Case(200, "/tags/{tag}"), Case(404, f"/tags/{NO_NUMBER}")],
    ("DELETE", "/tags/{tag_id}"): [Case(200, "/tags/{tag}"), Case(404, "/tags/invalid_id")],
    ("GET", "/contacts/{contact_id}/tags"): [
        Case(200, "/contacts/{contact}/tags"),
        Case(404, f"/contacts/{NOBODY}/tags"),
    ],
    ("POST", "/contacts/{contact_id}/tags"): [
        Case(200, "/contacts/{contact}/tags", {"id": "{other}"}),
        Case(400, "/contacts/{contact}/tags", {}),
        Case(404, "/contacts/{contact}/tags", {"id": NO_NUMBER}),
        Case(404, f"/contacts/{NOBODY}/tags", {"id": "{tag}"}),
    ],
    ("DELETE", "/contacts/{contact_id}/tags/{tag_id}"): [
        Case(200, "/contacts/{contact}/tags/{tag}"),
        Case(404, f"/contacts/{{contact}}/tags/{NO_NUMBER}"),
        Case(404, f"/contacts/{NOBODY}/tags/{{tag}}"),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """A tag that the contact has, and another one."""
    number, names = cast["number"], {}
    for word in ("tag", "other"):
        names[word] = (await made(client, "/tags", {"name": f"{word} {number}"}))["id"]
    await made(client, f"/contacts/{cast['contact']}/tags", {"id": names["tag"]})
    return {**names, "other_name": f"OTHER {number}"}
