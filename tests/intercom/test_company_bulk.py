"""Bulk jobs for companies: what becomes of their items."""

from __future__ import annotations

import asyncio

import pytest
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.bulk import carry_out

FIELDS = {
    "name": "Acme Corp",
    "plan": "Enterprise",
    "size": 100,
    "website": "https://www.example.com",
    "industry": "Manufacturing",
    "monthly_spend": 1000.9,
    "remote_created_at": 1394531169,
    "update_last_request_at": True,
    "custom_attributes": {"paid_subscriber": True, "team_mates": 9},
}


async def company(acme: Acme, company_id: str) -> dict:
    return (await acme.get(f"/companies?company_id={company_id}")).json()["data"][0]


async def test_bulk_companies_are_created_and_updated_as_single_ones_are(acme: Acme):
    held = (await acme.post("/companies", {"company_id": "held", "name": "Held", "plan": "Free"})).json()["id"]
    items = [{"company_id": "new", **FIELDS}, {"company_id": "held", "name": "Renamed"}, {"name": "Without an id"}]

    job = await carry_out(acme, "companies", "create", items)

    assert ("companies.bulk.job", "completed") == (job["type"], job["state"])
    await acme.post("/companies", {"company_id": "single", **FIELDS})
    single, new = await company(acme, "single"), await company(acme, "new")
    assert single | {key: new[key] for key in ("id", "company_id", "notes") if key in new} == new
    renamed = await company(acme, "held")
    assert (held, "Renamed", "Free") == (renamed["id"], renamed["name"], renamed["plan"]["name"])
    assert 3 + 1 == (await acme.get("/companies")).json()["total_count"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"company_id": "wrong", "size": "many"},
        {"company_id": "wrong", "name": 5},
        {"company_id": "", "name": "x"},
        {"plan": "Free"},
        {"company_id": "wrong", "name": "\0"},
    ],
)
async def test_a_company_that_is_refused_leaves_the_others(acme: Acme, wrong: dict):
    job = await carry_out(acme, "companies", "create", [wrong, {"company_id": "right"}])

    assert "completed_with_errors" == job["state"]
    assert ["right"] == [one["company_id"] for one in (await acme.get("/companies")).json()["data"]]


async def test_a_bulk_update_changes_companies_by_their_id_and_creates_none(acme: Acme):
    held = (await acme.post("/companies", {"company_id": "held", "plan": "Free"})).json()["id"]
    theirs = (await acme.stranger.post("/companies", json={"company_id": "theirs", "name": "Globex"})).json()

    changed = await carry_out(acme, "companies", "update", [{"id": held, "company_id": "other", "name": "Renamed"}])
    unknown = await carry_out(acme, "companies", "update", [{"id": theirs["id"], "name": "x"}, {"id": "held"}])

    assert ("completed", "completed_with_errors") == (changed["state"], unknown["state"])
    renamed = await company(acme, "held")
    assert ("Renamed", "Free") == (renamed["name"], renamed["plan"]["name"])
    assert theirs == (await acme.stranger.get(f"/companies/{theirs['id']}")).json()
    assert 1 == (await acme.get("/companies")).json()["total_count"]


async def test_a_bulk_deletion_detaches_contacts_and_leaves_other_workspaces_companies(acme: Acme):
    held = (await acme.post("/companies", {"company_id": "held"})).json()["id"]
    theirs = (await acme.stranger.post("/companies", json={"company_id": "theirs"})).json()["id"]
    alice = await acme.contact()
    await acme.post(f"/contacts/{alice}/companies", {"id": held})

    deleted = await carry_out(acme, "companies", "delete", [{"id": held}])
    again = await carry_out(acme, "companies", "delete", [{"id": held}, {"id": theirs}])

    assert ("completed", "completed_with_errors") == (deleted["state"], again["state"])
    assert [] == (await acme.get(f"/contacts/{alice}/companies")).json()["data"]
    assert 404 == (await acme.get(f"/companies/{held}")).status_code
    assert 200 == (await acme.stranger.get(f"/companies/{theirs}")).status_code


async def test_jobs_for_contacts_and_for_companies_are_apart(acme: Acme):
    job = await carry_out(acme, "companies", "create", [{"company_id": "a"}])

    asked = [
        await acme.get(f"/contacts/bulk/{job['id']}"),
        await acme.post("/contacts/bulk", {"contacts": [{"role": "lead"}], "job": {"id": job["id"]}}),
    ]
    await asyncio.gather(*acme.region.bulk.background.tasks)

    assert [(404, "job_not_found", f"job {job['id']} not found")] * 2 == [
        (answer.status_code, answer.json()["errors"][0]["code"], answer.json()["errors"][0]["message"])
        for answer in asked
    ]
    assert 0 == (await acme.get("/contacts")).json()["total_count"]
