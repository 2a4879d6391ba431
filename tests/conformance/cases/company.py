"""Companies: what the examples of the descriptions send, and more."""

from __future__ import annotations

import httpx2
from tests.conformance.operations import NO_NUMBER, NOBODY, Case, Cast, made

FIELDS = {
    "company_id": "company{number}",
    "name": "my company",
    "plan": "Pro",
    "size": "100",
    "website": "http://www.mycompany.com/",
    "industry": "Manufacturing",
    "monthly_spend": 155.98,
    "remote_created_at": 1_374_138_000,
    "custom_attributes": {"paid_subscriber": "yes"},
    "update_last_request_at": True,
}

NAMED = {"field": "name", "operator": "=", "value": "my company"}
JOINED = {"field": "user_count", "operator": ">", "value": 0}
NAME_ASCENDING = {"field": "name", "order": "ascending"}

CASES = {
    ("POST", "/companies"): [
        Case(200, "/companies", {"company_id": "new{number}", "name": "my company", "remote_created_at": 1374138000}),
        Case(200, "/companies", FIELDS),
        Case(200, "/companies", {"name": "only a name"}),
        Case(200, "/companies", {"id": "{company}", "name": "by its id"}),
        Case(400, "/companies", {"test": "invalid"}),
        Case(400, "/companies", {}),
        Case(400, "/companies", {"company_id": "new", "size": "many"}),
        Case(404, "/companies", {"id": NOBODY}),
    ],
    ("GET", "/companies"): [
        Case(200, "/companies"),
        Case(200, "/companies?company_id=company{number}"),
        Case(200, "/companies?name=my+company"),
        Case(200, "/companies?tag_id=678910"),
        Case(200, "/companies?segment_id=98765"),
        Case(200, "/companies?per_page=1"),
        Case(400, "/companies?page=0"),
        Case(400, "/companies?page=10000&per_page=2"),
        Case(404, "/companies?company_id=nobody"),
        Case(404, "/companies?name=nobody"),
    ],
    ("POST", "/companies/list"): [
        Case(200, "/companies/list"),
        Case(200, "/companies/list?per_page=1&order=asc"),
        Case(400, "/companies/list?order=up"),
    ],
    # The end of the scroll that the cast has begun: one that a case begins would be in the way of the next version's.
    ("GET", "/companies/scroll"): [
        Case(200, "/companies/scroll?scroll_param={scroll}"),
        Case(404, "/companies/scroll?scroll_param=unknown"),
    ],
    ("POST", "/companies/search"): [
        Case(200, "/companies/search", {"query": NAMED, "sort": NAME_ASCENDING, "pagination": {"per_page": 5}}),
        Case(200, "/companies/search", {"query": {"operator": "AND", "value": [NAMED, JOINED]}}),
        Case(200, "/companies/search", {"query": JOINED, "pagination": {"per_page": 1}}),
        Case(400, "/companies/search", {}),
        Case(400, "/companies/search", {"query": {"field": "segment_id", "operator": "=", "value": "1"}}),
        Case(400, "/companies/search", {"query": NAMED, "sort": {"field": "name", "order": "up"}}),
        Case(400, "/companies/search", {"query": NAMED, "pagination": {"per_page": 151}}),
    ],
    ("POST", "/companies/{id}/notes"): [
        Case(200, "/companies/{company}/notes", {"body": "Hello", "admin_id": "1"}),
        Case(400, "/companies/{company}/notes", {"admin_id": "1"}),
        Case(404, "/companies/{company}/notes", {"body": "Hello", "admin_id": NO_NUMBER}),
        Case(404, f"/companies/{NOBODY}/notes", {"body": "Hello"}),
    ],
    ("GET", "/companies/{id}/notes"): [
        Case(200, "/companies/{company}/notes"),
        Case(200, "/companies/{company}/notes?per_page=1&page=1"),
        Case(400, "/companies/{company}/notes?per_page=none"),
        Case(404, f"/companies/{NOBODY}/notes"),
    ],
    ("GET", "/companies/{id}"): [Case(200, "/companies/{company}"), Case(404, f"/companies/{NOBODY}")],
    ("PUT", "/companies/{id}"): [
        Case(200, "/companies/{company}", {"name": "my company", "website": "http://www.mycompany.com/"}),
        Case(200, "/companies/{company}"),
        Case(400, "/companies/{company}", {"test": "invalid"}),
        Case(400, "/companies/{company}", {"company_id": "another"}),
        Case(404, f"/companies/{NOBODY}", {"name": "changed"}),
    ],
    ("DELETE", "/companies/{id}"): [Case(200, "/companies/{company}"), Case(404, "/companies/{company}")],
    ("GET", "/companies/{id}/contacts"): [
        Case(200, "/companies/{company}/contacts"),
        Case(200, "/companies/{company}/contacts?per_page=1"),
        Case(400, "/companies/{company}/contacts?per_page=0"),
        Case(404, f"/companies/{NOBODY}/contacts"),
    ],
    ("GET", "/companies/{id}/segments"): [
        Case(200, "/companies/{company}/segments"),
        Case(404, f"/companies/{NOBODY}/segments"),
    ],
    ("GET", "/contacts/{contact_id}/companies"): [
        Case(200, "/contacts/{contact}/companies"),
        Case(200, "/contacts/{contact}/companies?per_page=1"),
        Case(404, f"/contacts/{NOBODY}/companies"),
    ],
    ("POST", "/contacts/{contact_id}/companies"): [
        Case(200, "/contacts/{contact}/companies", {"id": "{other}"}),
        Case(400, "/contacts/{contact}/companies"),
        Case(404, "/contacts/{contact}/companies", {"id": "123"}),
        Case(404, f"/contacts/{NOBODY}/companies", {"id": "{company}"}),
    ],
    ("DELETE", "/contacts/{contact_id}/companies/{id}"): [
        Case(200, "/contacts/{contact}/companies/{company}"),
        Case(404, "/contacts/{contact}/companies/{company}"),
        Case(404, f"/contacts/{NOBODY}/companies/{{company}}"),
        Case(404, f"/contacts/{{contact}}/companies/{NOBODY}"),
    ],
}


async def cast(client: httpx2.AsyncClient, known: Cast) -> Cast:
    """A company of which everything is known, with two notes, and two that have only an id; the contact and Bob belong to all."""
    number = known["number"]
    fields = {**FIELDS, "company_id": f"company{number}"}
    company = (await made(client, "/companies", fields))["id"]
    ids = [company, *[(await made(client, "/companies", {"company_id": f"{word}{number}"}))["id"] for word in "ab"]]
    bob = (await client.get("/contacts", params={"per_page": 150})).json()["data"][-1]["id"]
    for company_id in ids[:2]:
        for contact in {known["contact"], bob}:
            await made(client, f"/contacts/{contact}/companies", {"id": company_id})
    noted = {"Intercom-Version": "2.16"}
    for body in ("This is a note.", "This is another."):
        answer = await client.post(f"/companies/{company}/notes", json={"body": body}, headers=noted)
        assert 200 == answer.status_code, answer.text
    scroll = (await client.get("/companies/scroll")).json().get("scroll_param", "none")
    return {"company": company, "other": ids[2], "scroll": scroll}
