"""Segments on Intercom's wire: worked out whenever one asks."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import NOON
from tests.conftest import Acme
from tests.intercom.told import RESOURCE_NOT_FOUND, USER_NOT_FOUND, told

VERSIONS = ["2.7", "2.11", "2.16", "Preview"]
DAY = 24 * 3600
NAMES = ["All users", "All leads", "New", "Active", "Slipping away"]


async def counts(acme: Acme) -> dict[str, int]:
    found = (await acme.get("/segments", params={"include_count": "true"})).json()["segments"]
    return {one["name"]: one["count"] for one in found}


async def of(acme: Acme, contact: str) -> list[str]:
    return [one["name"] for one in (await acme.get(f"/contacts/{contact}/segments")).json()["data"]]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_built_in_segments_are_listed_and_each_is_found(acme: Acme, version: str):
    headers = {"Intercom-Version": version}

    listed = (await acme.get("/segments", headers=headers)).json()

    assert ["type", "segments"] == list(listed)
    assert NAMES == [one["name"] for one in listed["segments"]]
    assert ["user", "contact", "user", "user", "user"] == [one["person_type"] for one in listed["segments"]]
    for one in listed["segments"]:
        path = f"/segments/{one['id']}"
        assert one == (await acme.get(path, headers=headers)).json()
        counted = (await acme.get(path, params={"include_count": "true"}, headers=headers)).json()
        assert one | {"count": 0} == counted


async def test_who_is_in_a_segment_follows_from_what_is_known_now(acme: Acme):
    now = NOON // 1000
    people: dict[str, dict[str, Any]] = {
        "seen": {"last_seen_at": now},
        "a month ago": {"last_seen_at": now - 30 * DAY},
        "before that": {"last_seen_at": now - 30 * DAY - 1},
        "two months ago": {"last_seen_at": now - 60 * DAY},
        "long ago": {"last_seen_at": now - 60 * DAY - 1},
        "never": {},
    }
    made = {word: await acme.contact(external_id=word, **fields) for word, fields in people.items()}
    lead = await acme.contact(role="lead", last_seen_at=now)

    active, slipping = ["All users", "New", "Active"], ["All users", "New", "Slipping away"]
    wanted = [active, active, slipping, slipping, ["All users", "New"], ["All users", "New"]]
    assert wanted == [await of(acme, made[word]) for word in people]
    assert ["All leads"] == await of(acme, lead)
    assert dict(zip(NAMES, (6, 1, 6, 2, 2), strict=True)) == await counts(acme)

    acme.clock.pass_((7 * DAY + 1) * 1000)
    assert ["All users", "Active"] == await of(acme, made["seen"])
    assert dict(zip(NAMES, (6, 1, 0, 1, 2), strict=True)) == await counts(acme)


async def test_a_search_finds_who_is_in_a_segment_and_who_is_not(acme: Acme):
    now = NOON // 1000
    seen = await acme.contact(external_id="seen", last_seen_at=now)
    never, lead = await acme.contact(external_id="never"), await acme.contact(role="lead")
    ids = {one["name"]: one["id"] for one in (await acme.get("/segments")).json()["segments"]}

    async def found(operator: str, value: Any) -> set[str]:
        query = {"field": "segment_id", "operator": operator, "value": value}
        answer = await acme.post("/contacts/search", {"query": {"operator": "AND", "value": [query]}})
        assert 200 == answer.status_code, answer.text
        return {one["id"] for one in answer.json()["data"]}

    assert {seen} == await found("=", ids["Active"])
    assert {never, lead} == await found("!=", ids["Active"])
    assert {seen, lead} == await found("IN", [ids["Active"], ids["All leads"], "0" * 24])
    assert {never} == await found("NIN", [ids["Active"], ids["All leads"]])
    assert set() == await found("=", "0" * 24)


@pytest.mark.parametrize("segment_id", ["0" * 24, "active", "%00"])
async def test_a_segment_that_there_is_not_is_told(acme: Acme, segment_id: str):
    assert RESOURCE_NOT_FOUND == told(await acme.get(f"/segments/{segment_id}"))
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{'0' * 24}/segments"))


async def test_there_are_no_segments_of_companies(acme: Acme):
    assert {"type": "segment.list", "segments": []} == (await acme.get("/segments?type=company")).json()
    assert 5 == len((await acme.get("/segments?type=contact")).json()["segments"])


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", "yes"])
async def test_a_count_is_asked_for_in_any_spelling(acme: Acme, word: str):
    segments = (await acme.get(f"/segments?include_count={word}")).json()["segments"]

    assert all("count" in segment for segment in segments)


@pytest.mark.parametrize("word", ["false", "False", "0", "no", ""])
async def test_no_count_is_given_where_none_is_asked_for(acme: Acme, word: str):
    segments = (await acme.get(f"/segments?include_count={word}")).json()["segments"]

    assert not any("count" in segment for segment in segments)
