"""Data attributes on Intercom's wire."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cast import NOON
from tests.conftest import Acme
from tests.intercom.told import refused, told

VERSIONS = ["2.7", "2.11", "2.16", "Preview"]
PLAN = {"name": "plan", "model": "contact", "data_type": "string"}


async def make(acme: Acme, **more: Any) -> dict[str, Any]:
    answer = await acme.post("/data_attributes", {**PLAN, **more})
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def own(acme: Acme, **query: str) -> list[str]:
    found = (await acme.get("/data_attributes", params=query)).json()["data"]
    return [one["name"] for one in found if one["custom"]]


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_attribute_is_made_listed_and_changed(acme: Acme, version: str):
    headers = {"Intercom-Version": version}
    given = {**PLAN, "options": [{"value": "free"}, "pro"], "description": "Which"}

    made = (await acme.post("/data_attributes", given, headers=headers)).json()

    wanted = {
        "type": "data_attribute",
        "id": 1,
        "name": "plan",
        "full_name": "custom_attributes.plan",
        "label": "plan",
        "description": "Which",
        "data_type": "string",
        "options": ["free", "pro"],
        "api_writable": True,
        "ui_writable": False,
        "messenger_writable": False,
        "custom": True,
        "archived": False,
        "admin_id": "1",
        "created_at": NOON // 1000,
        "updated_at": NOON // 1000,
        "model": "contact",
    }
    assert list(wanted.items()) == list(made.items())
    listed = (await acme.get("/data_attributes", headers=headers)).json()["data"]
    assert [wanted] == [one for one in listed if one["custom"]]
    acme.clock.pass_(5_000)
    change = {"archived": True, "description": "Not any more", "options": ["free", "pro", "gold"]}
    changed = (await acme.put("/data_attributes/1", change, headers=headers)).json()
    assert wanted | change | {"updated_at": NOON // 1000 + 5} == changed


async def test_those_of_every_workspace_are_listed_by_model(acme: Acme):
    await make(acme)
    await make(acme, name="seats", model="company", data_type="integer")

    for model, has in (("contact", {"email", "plan"}), ("company", {"company_id", "seats"})):
        found = (await acme.get("/data_attributes", params={"model": model})).json()["data"]
        assert has <= {one["name"] for one in found}
        assert {model} == {one["model"] for one in found}
        assert all(one["custom"] is ("id" in one) for one in found)
    assert ["plan", "seats"] == await own(acme)


async def test_archived_ones_are_listed_where_that_is_asked_for(acme: Acme):
    await make(acme)
    await make(acme, name="other")
    await acme.put("/data_attributes/1", {"archived": True})

    assert ["other"] == await own(acme)
    assert ["plan", "other"] == await own(acme, include_archived="true")
    assert ["other"] == await own(acme, include_archived="false")


@pytest.mark.parametrize("version", VERSIONS)
async def test_attributes_of_conversations_are_none_and_gone_from_2_16_on(acme: Acme, version: str):
    params = {"model": "conversation"}
    answer = await acme.get("/data_attributes", params=params, headers={"Intercom-Version": version})

    if version in ("2.7", "2.11"):
        assert {"type": "list", "data": []} == answer.json()
    else:
        message = "model=conversation is no longer supported. Use GET /conversations/attributes instead"
        assert (422, "parameter_invalid", message, None) == told(answer)


@pytest.mark.parametrize(("version", "data_type"), [("2.7", "date"), ("2.16", "date"), ("Preview", "datetime")])
async def test_a_datetime_is_told_as_a_date_before_preview(acme: Acme, version: str, data_type: str):
    given = {**PLAN, "name": "renewed", "data_type": "datetime"}

    answer = await acme.post("/data_attributes", given, headers={"Intercom-Version": version})

    assert data_type == answer.json()["data_type"]


_TAKEN = "You already have 'ring' in your company data. To save this as new {} data, use a different name."

REFUSED = [
    ({"name": "ring", "data_type": "integer"}, _TAKEN.format("people")),
    ({"name": "ring", "model": "company"}, _TAKEN.format("company")),
    *(
        (
            {"name": name},
            "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens",
        )
        for name in ("pri$e", "a.b", "$")
    ),
    (
        {"name": "!nv@l!d n@me"},
        "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens",
    ),
    ({"data_type": "mithril"}, "Data Type isn't an option"),
    ({"model": "conversation"}, "The Data Attribute model field must be either contact or company"),
    ({"options": {"value": "1-10"}}, "Options isn't an array"),
]


@pytest.mark.parametrize(("more", "message"), REFUSED)
async def test_what_cannot_be_an_attribute_is_told_as_intercom_tells_it(acme: Acme, more: dict[str, Any], message: str):
    await make(acme, name="ring", model="company")

    answer = await acme.post("/data_attributes", {**PLAN, **more})

    assert (400, "parameter_invalid", message, None) == told(answer)
    assert ["ring"] == await own(acme)


@pytest.mark.parametrize("attribute_id", ["999", "0", "01", "x", "-1", "%00", "9" * 30])
async def test_an_attribute_that_there_is_not_is_told(acme: Acme, attribute_id: str):
    await make(acme)

    answer = await acme.put(f"/data_attributes/{attribute_id}", {"description": "x"})

    assert (404, "field_not_found", "We couldn't find that data attribute to update", None) == told(answer)


@pytest.mark.parametrize("body", [{"options": ["one"]}, {"options": [7, 8]}, {"description": "x" * 2_001}])
async def test_a_change_that_breaks_a_rule_is_refused(acme: Acme, body: dict[str, Any]):
    await make(acme)

    assert 400 == (await acme.put("/data_attributes/1", body)).status_code
    assert (400, "parameter_invalid", "Options isn't an array", None) == told(
        await acme.put("/data_attributes/1", {"options": {"value": "1-10"}})
    )


async def test_what_is_said_of_contacts_is_held_against_their_attributes(acme: Acme):
    await make(acme, options=["free", "pro"])
    await make(acme, name="age", data_type="integer")
    alice = await acme.contact(email="alice@example.com", custom_attributes={"plan": "pro", "age": 36.0})
    path = f"/contacts/{alice}"
    wrong: list[tuple[str, Any, str]] = [
        ("shoe size", 42, "Custom attribute 'shoe size' does not exist"),
        ("age", "old", "Custom attribute 'age' must be an integer"),
        ("plan", "gold", "Custom attribute 'plan' must be one of its options"),
    ]
    for name, value, message in wrong:
        for answer in (
            await acme.put(path, {"custom_attributes": {name: value}}),
            await acme.post("/contacts", {"email": "bob@example.com", "custom_attributes": {name: value}}),
        ):
            assert (400, "parameter_invalid", message, "custom_attributes") == told(answer)

    assert {"plan": "pro", "age": 36} == (await acme.get(path)).json()["custom_attributes"]
    assert 1 == (await acme.get("/contacts")).json()["total_count"]


async def test_an_archived_attribute_keeps_what_was_said_and_takes_nothing_new(acme: Acme):
    await make(acme)
    alice = await acme.contact(email="alice@example.com", custom_attributes={"plan": "pro"})
    await acme.put("/data_attributes/1", {"archived": True})

    refusal = await acme.put(f"/contacts/{alice}", {"custom_attributes": {"plan": "free"}})
    kept = await acme.put(f"/contacts/{alice}", {"name": "Alice", "custom_attributes": {"plan": "pro"}})

    assert (400, "parameter_invalid", "custom_attributes") == refused(refusal)
    assert (200, {"plan": "pro"}) == (kept.status_code, kept.json()["custom_attributes"])


async def test_what_is_said_of_companies_makes_the_attributes_that_it_needs(acme: Acme):
    await make(acme)
    said = {"seats": 5, "renewed_at": 1_700_000_000, "plan": 1.5, "trial": True, "note": None}

    made = await acme.post("/companies", {"company_id": "pear", "custom_attributes": said})

    assert (200, said) == (made.status_code, made.json()["custom_attributes"])
    found = (await acme.get("/data_attributes", params={"model": "company"})).json()["data"]
    assert [("seats", "integer"), ("renewed_at", "date"), ("plan", "float"), ("trial", "boolean")] == [
        (one["name"], one["data_type"]) for one in found if one["custom"]
    ]
    for wrong in ({"seats": "many"}, {"other": 1, "new.one": 1}, {"other": "x", "seats": 1.5}):
        answer = await acme.post("/companies", {"company_id": "pear", "custom_attributes": wrong})
        assert (400, "parameter_invalid", "custom_attributes") == refused(answer)
    assert "other" not in await own(acme)
    assert said == (await acme.get(f"/companies/{made.json()['id']}")).json()["custom_attributes"]
