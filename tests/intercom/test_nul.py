"""A NUL character, which PostgreSQL cannot keep, is taken in no field and looked for in none, on no store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import Acme

NUL = "a\0b"

WORDING = {"name": "News", "description": "", "locale": "en"}

#: Every field that takes any text, in a request that would be taken without the NUL.
FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("POST", "/contacts", {"email": "new@example.com", name: NUL})
        for name in ("external_id", "name", "phone", "avatar", "language_override")
    ),
    ("POST", "/contacts", {"email": f"{NUL}@example.com"}),
    ("POST", "/contacts", {"email": "new@example.com", "custom_attributes": {"plan": NUL}}),
    ("PUT", "/contacts/{alice}", {"name": NUL}),
    ("POST", "/contacts/search", {"query": {"field": "name", "operator": "~", "value": NUL}}),
    ("POST", "/contacts/search", {"query": {"field": "email", "operator": "IN", "value": ["a", NUL]}}),
    ("POST", "/contacts/search", {"query": {"field": "custom_attributes.plan", "operator": "=", "value": NUL}}),
    *(("POST", "/companies", {"company_id": "1", name: NUL}) for name in ("name", "plan", "website", "industry")),
    ("POST", "/companies", {"company_id": NUL}),
    ("POST", "/tags", {"name": NUL}),
    ("POST", "/contacts/{alice}/notes", {"body": NUL}),
    ("POST", "/data_attributes", {"name": NUL, "model": "contact", "data_type": "string"}),
    ("POST", "/data_attributes", {"name": "b", "model": "contact", "data_type": "string", "description": NUL}),
    ("POST", "/events", {"id": "{alice}", "event_name": NUL, "created_at": 1_700_000_000}),
    ("POST", "/events", {"id": "{alice}", "event_name": "a", "created_at": 1_700_000_000, "metadata": {"a": NUL}}),
    *(
        ("POST", "/sayso/subscription_types", {"consent_type": "opt_in", "default_translation": {**WORDING, name: NUL}})
        for name in ("name", "description")
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), FIELDS, ids=str)
async def test_a_nul_is_refused_in_every_field(acme: Acme, method: str, path: str, body: dict[str, Any]):
    alice = await acme.contact()
    await acme.attributes(plan="string")
    body = {name: alice if value == "{alice}" else value for name, value in body.items()}

    with_nul, without = json.dumps(body), json.dumps(body).replace("\\u0000", "")
    statuses = [
        (await acme.client.request(method, path.format(alice=alice), content=content)).status_code
        for content in (with_nul, without)
    ]

    assert with_nul != without
    assert 400 == statuses[0]
    assert statuses[1] in (200, 201, 202)


@pytest.mark.parametrize(
    "path",
    [
        "/companies?name=a%00b",
        "/companies?company_id=a%00b",
        "/contacts/a%00b",
        "/tags/a%00b",
        "/contacts/find_by_external_id/a%00b",
        "/visitors?user_id=a%00b",
    ],
)
async def test_nothing_is_found_by_a_nul(acme: Acme, path: str):
    assert (await acme.get(path)).status_code in (400, 404)
