"""Bulk jobs for contacts. What a job does with contacts follows its answer: here it does it to nobody's."""

from __future__ import annotations

from typing import Any

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast, finished_job

JOB = {"id": "{job}"}


def refused(path: str, kind: str, one: dict[str, Any]) -> list[Case]:
    """What every bulk request refuses; `one` is a good item."""
    return [
        Case(400, path, []),
        Case(404, path, {kind: [one], "job": {"id": "nobody"}}),
        Case(404, path, {kind: [one], "job": {"id": "a\0"}}),
        Case(404, path, {kind: [one], "job": {"id": "{other_job}"}}),
        Case(422, path),
        Case(422, path, {kind: None}),
        Case(422, path, {kind: one}),
        Case(422, path, {kind: ["one"]}),
        Case(422, path, {kind: [one] * 101}),
        Case(422, path, {kind: [one], "job": "{job}"}),
        Case(422, path, {kind: [one], "job": {}}),
    ]


def unnamed(path: str, kind: str) -> list[Case]:
    """Items without their id."""
    return [Case(422, path, {kind: [{"id": NOBODY}, {"id": id_}]}) for id_ in (None, "", True)]


UPDATE = {"id": NOBODY, "name": "Nobody", "companies": [{"company_id": "6"}], "tags": {"add": [{"id": "1"}]}}

CASES = {
    ("POST", "/contacts/bulk"): [
        Case(202, "/contacts/bulk", {"contacts": [{"email": "no address"}], "job": JOB}),
        Case(202, "/contacts/bulk", {"contacts": [{"role": 5}, {"role": "lead", "unknown": 1}]}),
        Case(202, "/contacts/bulk", {"contacts": []}),
        *refused("/contacts/bulk", "contacts", {"role": "lead"}),
    ],
    ("PUT", "/contacts/bulk"): [
        Case(202, "/contacts/bulk", {"contacts": [UPDATE], "job": JOB}),
        *refused("/contacts/bulk", "contacts", UPDATE),
        *unnamed("/contacts/bulk", "contacts"),
    ],
    ("POST", "/contacts/bulk/delete"): [
        Case(202, "/contacts/bulk/delete", {"contacts": [{"id": NOBODY}], "job": JOB}),
        *refused("/contacts/bulk/delete", "contacts", {"id": NOBODY}),
        *unnamed("/contacts/bulk/delete", "contacts"),
    ],
    ("GET", "/contacts/bulk/{id}"): [
        Case(200, "/contacts/bulk/{job}"),
        Case(404, "/contacts/bulk/nobody"),
        Case(404, "/contacts/bulk/{other_job}"),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """A job that has done its work, and one for companies."""
    return {
        "job": await finished_job(client, "contacts", [{"role": "lead"}]),
        "other_job": await finished_job(client, "companies", [{"company_id": "one"}]),
    }
