"""Bodies as programs write them: whole numbers as floats, identifiers as integers, times with a fraction."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import ALICE
from tests.conftest import Acme
from tests.intercom.told import refused, told


async def test_a_whole_number_may_be_written_with_a_point(acme: Acme):
    await acme.attributes(age="integer", born_at="date")
    given = {
        "signed_up_at": 1577836800.0,
        "last_seen_at": 1795787549.877,
        "owner_id": 1.0,
        "custom_attributes": {"age": 36.0, "born_at": 86_400.0},
    }
    alice = (await acme.post("/contacts", {**ALICE, **given})).json()

    assert (1577836800, 1795787549) == (alice["signed_up_at"], alice["last_seen_at"])
    assert {"age": 36, "born_at": 86_400} == alice["custom_attributes"]
    type_ = float(acme.types["opt_in"])
    path = f"/contacts/{alice['id']}/subscriptions"
    assert 200 == (await acme.post(path, {"id": type_, "consent_type": "opt_in"})).status_code
    event = {"event_name": "x", "user_id": "alice", "created_at": 7.5}
    assert 202 == (await acme.post("/events", event)).status_code


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("updated_at", ">", 1577836800.0),
        ("created_at", "<", 4102444800.9),
        ("owner_id", "=", 1.0),
        ("owner_id", "IN", [1.0, 2]),
        ("external_id", "=", 25),
        ("external_id", "IN", [25.0]),
    ],
)
async def test_a_search_takes_them_too(acme: Acme, field: str, operator: str, value: Any):
    alice = await acme.contact(external_id="25", owner_id=1)

    found = await acme.post("/contacts/search", {"query": {"field": field, "operator": operator, "value": value}})

    assert (200, [alice]) == (found.status_code, [one["id"] for one in found.json()["data"]])


async def test_an_identifier_may_be_an_integer(acme: Acme):
    made = (await acme.post("/contacts", {"external_id": 25, "role": "user"})).json()
    assert "25" == made["external_id"]
    assert 409 == (await acme.post("/contacts", {"external_id": "25"})).status_code

    tagged = await acme.post("/tags", {"name": "s", "users": [{"user_id": 25}, {"external_id": 25.0, "untag": False}]})
    assert 200 == tagged.status_code
    assert "s" == (await acme.get(f"/contacts/{made['id']}/tags")).json()["data"][0]["name"]
    merged = await acme.post("/contacts/merge", {"from": 12, "into": 13})
    assert (404, "not_found") == told(merged)[:2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"owner_id": 1.5}, "owner_id"),
        ({"external_id": 1.5}, "external_id"),
        ({"external_id": True}, "external_id"),
        ({"signed_up_at": "1577836800"}, "signed_up_at"),
        ({"name": 25}, "name"),
    ],
)
async def test_what_is_not_certain_is_refused(acme: Acme, body: dict[str, Any], field: str):
    assert (400, "parameter_invalid", field) == refused(
        await acme.post("/contacts", {"email": "a@example.com", **body})
    )


async def test_a_time_that_is_none_says_what_it_should_be(acme: Acme):
    for value, what in (
        ("2023-11-28T20:37:14.000Z", "got String"),
        (1577836800000, "got milliseconds"),
        (-1, "from 0 to 253402300799"),
    ):
        status, _, message, field = told(await acme.post("/contacts", {**ALICE, "last_seen_at": value}))
        assert (400, "last_seen_at") == (status, field)
        assert message.startswith("'last_seen_at' must be a Unix timestamp in seconds (integer), ")
        assert message.endswith(what)


async def test_times_up_to_the_year_9999_are_kept(acme: Acme):
    for number, second in enumerate((2**31, 2738966400, 253402300799)):
        given = {"external_id": str(number), "signed_up_at": second, "last_seen_at": second}
        made = (await acme.post("/contacts", given)).json()
        read = (await acme.get(f"/contacts/{made['id']}")).json()
        assert (second, second) == (read["signed_up_at"], read["last_seen_at"])
        query = {"field": "signed_up_at", "operator": "=", "value": second}
        assert [made["id"]] == [
            one["id"] for one in (await acme.post("/contacts/search", {"query": query})).json()["data"]
        ]


@pytest.mark.parametrize(("amount", "cents"), [(1998.9999999999998, 1999), (1999.0, 1999), (7, 7)])
async def test_an_amount_of_money_is_rounded_where_it_misses_a_cent_by_arithmetic(
    acme: Acme, amount: float, cents: int
):
    alice = await acme.contact(**ALICE)
    now = acme.clock() // 1000
    event = {
        "event_name": "x",
        "id": alice,
        "created_at": now,
        "metadata": {"price": {"amount": amount, "currency": "eur"}},
    }
    assert 202 == (await acme.post("/events", event)).status_code

    events = (await acme.get(f"/events?type=user&intercom_user_id={alice}")).json()["events"]
    assert {"price": {"amount": cents, "currency": "eur"}} == events[0]["metadata"]


@pytest.mark.parametrize("amount", [1998.5, -1, True, "7"])
async def test_any_other_amount_is_refused_by_name(acme: Acme, amount: Any):
    await acme.contact(**ALICE)
    event = {
        "event_name": "x",
        "user_id": "alice",
        "created_at": 1,
        "metadata": {"price": {"amount": amount, "currency": "eur"}},
    }

    assert (400, "parameter_invalid", "metadata") == refused(await acme.post("/events", event))
