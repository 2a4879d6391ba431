from __future__ import annotations

import httpx2
from tests.conformance.operations import NO_NUMBER, Case, Cast, made

NEW = {"name": "new{number}", "model": "contact", "data_type": "string"}

CASES = {
    ("GET", "/data_attributes"): [
        Case(200, "/data_attributes"),
        Case(200, "/data_attributes?model=company"),
        Case(200, "/data_attributes?model=contact&include_archived=true"),
        Case(400, "/data_attributes?model=none"),
    ],
    ("POST", "/data_attributes"): [
        Case(200, "/data_attributes", NEW),
        Case(200, "/data_attributes", {**NEW, "name": "list {number}", "options": [{"value": "a"}, {"value": "b"}]}),
        Case(200, "/data_attributes", {**NEW, "name": "at{number}", "data_type": "datetime"}),
        Case(400, "/data_attributes", {**NEW, "name": "!nv@l!d n@me"}),
        Case(400, "/data_attributes", {**NEW, "data_type": "mithril"}),
        Case(400, "/data_attributes", {"description": "Just a plain old ring", "options": [{"value": "1-10"}]}),
    ],
    ("PUT", "/data_attributes/{data_attribute_id}"): [
        Case(200, "/data_attributes/{attribute}", {"description": "Just a plain old ring", "archived": False}),
        Case(200, "/data_attributes/{attribute}", {"options": [{"value": "1-10"}, {"value": "11-20"}]}),
        Case(400, "/data_attributes/{attribute}", {"options": {"value": "1-10"}}),
        Case(404, f"/data_attributes/{NO_NUMBER}", {"description": "x"}),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """An attribute, and one of companies."""
    numbers = [
        (await made(client, "/data_attributes", {**NEW, "name": f"{model}{cast['number']}", "model": model}))["id"]
        for model in ("contact", "company")
    ]
    return {"attribute": str(numbers[-1])}
