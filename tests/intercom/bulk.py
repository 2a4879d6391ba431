"""Bulk jobs in tests: sent, and waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conftest import Acme

#: What stands for each kind of request.
METHODS = {"create": ("POST", ""), "update": ("PUT", ""), "delete": ("POST", "/delete")}


async def carry_out(acme: Acme, kind: str, action: str, items: list[Any], job: str | None = None) -> dict[str, Any]:
    """The job of a request once all its tasks are completed."""
    method, end = METHODS[action]
    body = {kind: items, **({"job": {"id": job}} if job else {})}
    answer = await acme.client.request(method, f"/{kind}/bulk{end}", json=body)
    assert answer.status_code == 202, answer.text
    await asyncio.gather(*acme.region.bulk.background.tasks)
    return (await acme.get(f"/{kind}/bulk/{answer.json()['id']}")).json()
