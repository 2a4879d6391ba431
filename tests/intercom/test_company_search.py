"""Searches of companies on Intercom's wire. They exist in Preview alone."""

from __future__ import annotations

from typing import Any

import httpx2
from tests.cast import ALICE
from tests.conftest import Acme
from tests.intercom.test_company import put
from tests.intercom.told import refused, told

PREVIEW = {"Intercom-Version": "Preview"}


def where(field: str, value: Any, operator: str = "=") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


async def search(acme: Acme, query: Any, **more: Any) -> httpx2.Response:
    return await acme.post("/companies/search", {"query": query, **more}, headers=PREVIEW)


async def found(acme: Acme, query: Any, **more: Any) -> list[str]:
    answer = await search(acme, query, **more)
    assert 200 == answer.status_code, answer.text
    return [one["company_id"] for one in answer.json()["data"]]


async def test_companies_are_found_by_each_field_of_theirs(acme: Acme):
    blue = (await put(acme, "6", name="Blue Sun", monthly_spend=155, remote_created_at=1_394_531_169))["id"]
    await put(acme, "7", name="Blue Moon", custom_attributes={"paid": "yes"}, update_last_request_at=True)
    tag = (await acme.post("/tags", {"name": "VIP", "companies": [{"id": blue}]})).json()["id"]
    await acme.post(f"/contacts/{await acme.contact(**ALICE)}/companies", {"id": blue})

    assert ["6"] == await found(acme, where("company_id", 6))
    assert ["7"] == await found(acme, where("company_id", ["6"], "NIN"))
    assert ["6", "7"] == await found(acme, where("name", "Blue", "^"))
    assert ["6"] == await found(acme, where("monthly_spend", 100, ">"))
    assert ["6"] == await found(acme, where("user_count", 1))
    assert ["7"] == await found(acme, where("user_count", 1, "<"))
    assert ["6", "7"] == await found(acme, where("session_count", 0))
    assert ["6"] == await found(acme, where("remote_created_at", 1_394_531_169))
    assert ["7"] == await found(acme, where("last_request_at", 1, ">"))
    assert ["6", "7"] == await found(acme, where("created_at", acme.clock() // 1000))
    assert [] == await found(acme, where("created_at", acme.clock() // 1000 + 1))
    assert ["6"] == await found(acme, where("tag_id", tag))
    assert ["7"] == await found(acme, where("tag_id", tag, "!="))
    assert ["7"] == await found(acme, where("custom_attributes.paid", "yes"))
    both = {"operator": "AND", "value": [where("name", "Blue", "^"), where("user_count", 0)]}
    assert ["7"] == await found(acme, both)


async def test_a_found_company_is_told_as_everywhere(acme: Acme):
    company = (await put(acme, name="Blue Sun"))["id"]

    answer = (await search(acme, where("name", "Blue Sun"))).json()

    assert [(await acme.get(f"/companies/{company}", headers=PREVIEW)).json()] == answer["data"]
    pages = {"type": "pages", "page": 1, "per_page": 15, "total_pages": 1}
    assert ("list", 1, pages) == (answer["type"], answer["total_count"], answer["pages"])


async def test_pages_in_an_order_miss_no_company_and_repeat_none(acme: Acme):
    for number in (3, 1, 4, 2, 5):
        await put(acme, str(number), name=f"No. {number}")

    seen, following = [], None
    for _ in range(3):
        asked = {"per_page": 2, "starting_after": following}
        answer = await search(
            acme, where("name", "No.", "^"), sort={"field": "name", "order": "descending"}, pagination=asked
        )
        body = answer.json()
        seen.append([one["company_id"] for one in body["data"]])
        following = body["pages"].get("next", {}).get("starting_after")

    assert ([["5", "4"], ["3", "2"], ["1"]], None) == (seen, following)
    assert 5 == body["total_count"]


async def test_deleted_companies_and_those_of_others_are_not_found(acme: Acme):
    await put(acme, "6", name="Blue Sun")
    gone = (await put(acme, "7", name="Blue Sun"))["id"]
    await acme.client.delete(f"/companies/{gone}")

    assert ["6"] == await found(acme, where("name", "Blue Sun"))
    assert [] == await found(acme, where("company_id", "7"))


async def test_what_no_company_can_be_searched_by_is_refused(acme: Acme):
    for field in ("segment_id", "plan.name", "email", "size"):
        told_of = (400, "invalid_field", f"{field} is not a valid search field", "field")
        assert told_of[:3] == told(await search(acme, where(field, "x")))[:3]
    assert (400, "parameter_not_found", "query") == refused(await acme.post("/companies/search", {}, headers=PREVIEW))
    wrong_order = await search(acme, where("name", "x"), sort={"field": "name", "order": "up"})
    assert "invalid_sort_order" == refused(wrong_order)[1]
    wrong_sort = await search(acme, where("name", "x"), sort={"field": "tag_id", "order": "ascending"})
    assert "invalid_field" == refused(wrong_sort)[1]
    too_long = await search(acme, where("name", ["x" * 60_000], "IN"))
    assert 400 == refused(too_long)[0]
