"""Bulk jobs for companies. What a job does with companies follows its answer: here it does it to nobody's."""

from __future__ import annotations

import httpx2
from tests.conformance.cases.contact_bulk import JOB, refused, unnamed
from tests.conformance.operations import NOBODY, Case, Cast, finished_job

CASES = {
    ("POST", "/companies/bulk"): [
        Case(202, "/companies/bulk", {"companies": [{"company_id": "a", "size": -1}], "job": JOB}),
        Case(202, "/companies/bulk", {"companies": [{"name": 5}, {"company_id": "a", "unknown": 1}]}),
        *refused("/companies/bulk", "companies", {"company_id": "a"}),
    ],
    ("PUT", "/companies/bulk"): [
        Case(202, "/companies/bulk", {"companies": [{"id": NOBODY, "name": "Nobody"}], "job": JOB}),
        *refused("/companies/bulk", "companies", {"id": NOBODY}),
        *unnamed("/companies/bulk", "companies"),
    ],
    ("POST", "/companies/bulk/delete"): [
        Case(202, "/companies/bulk/delete", {"companies": [{"id": NOBODY}], "job": JOB}),
        *refused("/companies/bulk/delete", "companies", {"id": NOBODY}),
        *unnamed("/companies/bulk/delete", "companies"),
    ],
    ("GET", "/companies/bulk/{id}"): [
        Case(200, "/companies/bulk/{job}"),
        Case(404, "/companies/bulk/nobody"),
        Case(404, "/companies/bulk/{other_job}"),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """A job that has done its work, and one for contacts."""
    return {
        "job": await finished_job(client, "companies", [{"company_id": "one"}]),
        "other_job": await finished_job(client, "contacts", [{"role": "lead"}]),
    }
