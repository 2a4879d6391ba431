"""How often a change waits for PostgreSQL: a thousand round trips of 5 ms each are the whole time a request has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.proxy import Fate, Unit
from tests.storage.faults.shop import Shop

FEW, MANY = 2, 30


async def companies(shop: Shop, number: int) -> list[str]:
    answers = [await shop.call("POST", "/companies", json={"company_id": f"company-{one}"}) for one in range(number)]
    return [answer.json()["id"] for answer in answers]


async def join(shop: Shop, contact_id: str, company_ids: list[str]) -> None:
    for company_id in company_ids:
        answer = await shop.call("POST", f"/contacts/{contact_id}/companies", json={"id": company_id})
        assert 200 == answer.status_code, answer.text


async def lead(shop: Shop, name: str) -> str:
    answer = await shop.call("POST", "/contacts", json={"role": "lead", "email": f"{name}@example.com"})
    return answer.json()["id"]


async def round_trips(shop: Shop, method: str, path: str, **more: Any) -> int:
    """How often the server waits for the answer to a statement. What prepares a statement first is not counted."""
    seen: list[Unit] = []

    def watch(unit: Unit) -> bool:
        if unit.statements:
            seen.append(unit)
        return False

    shop.proxy.trap(watch, Fate.HELD)
    answer = await shop.call(method, path, **more)
    assert 200 == answer.status_code, answer.text
    return len(seen)


@pytest.mark.parametrize("change", ["archive", "block", "delete"])
async def test_a_contact_in_many_companies_is_changed_in_as_many_round_trips_as_one_in_few(shop: Shop, change: str):
    in_few, in_many, joined = await shop.contact(), await shop.contact(), await companies(shop, MANY)
    await join(shop, in_few, joined[:FEW])
    await join(shop, in_many, joined)
    method, path = ("DELETE", "") if change == "delete" else ("POST", f"/{change}")

    few = await round_trips(shop, method, f"/contacts/{in_few}{path}")
    many = await round_trips(shop, method, f"/contacts/{in_many}{path}")

    assert few == many
    assert 0 == (await shop.call("GET", f"/companies/{joined[-1]}")).json()["user_count"]
    assert [] == await shop.damage()


async def test_a_merge_that_joins_many_companies_takes_as_many_round_trips_as_one_that_joins_few(shop: Shop):
    in_few, in_many, joined = await lead(shop, "alice"), await lead(shop, "bob"), await companies(shop, MANY)
    await join(shop, in_few, joined[:FEW])
    await join(shop, in_many, joined)

    few = await round_trips(shop, "POST", "/contacts/merge", json={"from": in_few, "into": await shop.contact()})
    many = await round_trips(shop, "POST", "/contacts/merge", json={"from": in_many, "into": await shop.contact()})

    assert few == many
    assert 2 == (await shop.call("GET", f"/companies/{joined[0]}")).json()["user_count"]
    assert [] == await shop.damage()


async def test_a_merge_joins_no_company_that_is_deleted_meanwhile(shop: Shop):
    source, into, joined = await lead(shop, "alice"), await shop.contact(), await companies(shop, FEW)
    await join(shop, source, joined)
    held = shop.proxy.trap(lambda unit: any("SET joined" in sql for sql in unit.statements), Fate.HELD)

    merge = asyncio.ensure_future(shop.call("POST", "/contacts/merge", json={"from": source, "into": into}))
    await held.wait()
    await shop.sql.execute("UPDATE companies SET state = 'deleted' WHERE company_id = $1", bytes.fromhex(joined[-1]))
    held.release()
    answer = await merge

    assert 200 == answer.status_code, answer.text
    rows = await shop.sql.fetch("SELECT company_id FROM contact_companies WHERE contact_id = $1", bytes.fromhex(into))
    assert joined[:1] == [row["company_id"].hex() for row in rows]
