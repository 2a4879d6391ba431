"""What is sent to every served operation: the cases in `cases/`, one file per feature, and the cast that they name.

A file of `cases/` has `CASES`, by (method, path of the route), and may have `cast`, which makes what its cases name
beyond the common cast. A new route needs its cases there and nothing else: conformance and isolation follow.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
from tests.machine import DEADLINE

Operation = tuple[str, str]
Cast = dict[str, str]

#: No id that anybody has.
NOBODY = "0" * 24
NO_NUMBER = "4711"


@dataclass(frozen=True)
class Case:
    """What is sent, and the status that must come back; `in_preview` is the status in Preview where it is another one.

    Words in braces, at any depth, are filled in from the cast.

    The first case of an operation that names things in its path answers with 200: isolation is tested with it.
    """

    status: int
    path: str
    body: Any = None
    in_preview: int | None = None

    def expected(self, version: str) -> int:
        """The status in a version that has the operation."""
        return self.in_preview or self.status if version == "Preview" else self.status


async def made(client: httpx2.AsyncClient, path: str, body: Any) -> Any:
    """What came of a POST that must succeed."""
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


async def finished_job(client: httpx2.AsyncClient, kind: str, items: list[dict[str, Any]]) -> str:
    """The id of a bulk job that was carried out."""
    job = await made(client, f"/{kind}/bulk", {kind: items})
    async with asyncio.timeout(DEADLINE):
        while job["completed_at"] is None:
            await asyncio.sleep(0)
            job = (await client.get(f"/{kind}/bulk/{job['id']}")).json()
    return job["id"]


# After what the files of `cases/` take from here.
_FEATURES = {
    path.stem: import_module(f"tests.conformance.cases.{path.stem}")
    for path in sorted((Path(__file__).parent / "cases").glob("[a-z]*.py"))
}

#: The feature whose file has the cases of an operation.
_OF: dict[Operation, str] = {operation: name for name, feature in _FEATURES.items() for operation in feature.CASES}

CASES: dict[Operation, list[Case]] = {
    operation: cases for feature in _FEATURES.values() for operation, cases in feature.CASES.items()
}

#: What goes on each time it is asked, and so never answers the same.
MOVING: set[Operation] = {("GET", "/companies/scroll")}

_WORD = re.compile(r"\{(\w+)\}")


def filled(value: Any, cast: Cast) -> Any:
    if isinstance(value, str):
        return _WORD.sub(lambda found: cast[found[1]], value)
    if isinstance(value, list):
        return [filled(item, cast) for item in value]
    if isinstance(value, dict):
        return {filled(key, cast): filled(item, cast) for key, item in value.items()}
    return value


def words(case: Case) -> set[str]:
    """What a case names."""
    return set(_WORD.findall(f"{case.path} {case.body}"))


async def cast_for(operation: Operation, client: httpx2.AsyncClient, number: int) -> Cast:
    """What the cases of an operation name, made anew in the client's workspace; `number` tells it from the last."""
    cast = {"number": str(number), **await _common(client, number)}
    more: Callable[[httpx2.AsyncClient, Cast], Awaitable[Cast]] | None
    more = getattr(_FEATURES[_OF[operation]], "cast", None)
    return {**cast, **(await more(client, cast) if more else {})}


async def _common(client: httpx2.AsyncClient, number: int) -> Cast:
    """Alice, of whom everything is known, with two choices; and Bob, so that there is a second page."""
    types = [one["id"] for one in (await client.get("/subscription_types")).json()["data"]]
    admin = (await client.get("/me")).json()["id"]
    alice = {
        "email": f"alice{number}@example.com",
        "external_id": f"alice{number}",
        "name": "Alice",
        "owner_id": admin,
        "avatar": "https://example.com/alice.png",
        "phone": "+15555550100",
        "custom_attributes": {"paid": True},
        "signed_up_at": 1_700_000_000,
    }
    # The second time it is there.
    await client.post("/data_attributes", json={"name": "paid", "model": "contact", "data_type": "boolean"})
    contact = (await made(client, "/contacts", alice))["id"]
    await made(client, "/contacts", {"email": f"bob{number}@example.com"})
    named = dict(zip(("opt_in", "opt_out", "sms", "draft", "archived"), types[-5:], strict=True))
    for word in ("opt_out", "opt_in"):
        await made(client, f"/contacts/{contact}/subscriptions", {"id": named[word]})
    return {"contact": contact, "admin": admin, "email": alice["email"], "external_id": alice["external_id"], **named}
