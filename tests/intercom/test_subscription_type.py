"""Subscription types on Intercom's wire."""

import pytest
from tests.cast import draft
from tests.conftest import Acme
from tests.intercom.told import RESOURCE_NOT_FOUND, told

from sayso.domain.subscription_type import Translation, TypeDraft
from sayso.intercom.shapes.subscription_type import SubscriptionType

STATES = {"opt_in": "live", "opt_out": "live", "sms": "live", "draft": "draft", "archived": "archived"}

RENAMED = Translation("Renamed", "What is new", "en")


async def test_the_list_has_types_in_every_state_in_order_of_creation(acme: Acme):
    answer = await acme.get("/subscription_types")

    assert ["type", "data"] == list(answer.json())
    assert [(acme.types[word], state) for word, state in STATES.items()] == [
        (item["id"], item["state"]) for item in answer.json()["data"]
    ]


async def test_more_than_nine_types_are_in_order_of_creation_too(acme: Acme):
    for number in range(8):
        await acme.region.types.create(acme.workspace.id, draft(name=f"More {number}"))

    ids = [int(item["id"]) for item in (await acme.get("/subscription_types")).json()["data"]]

    assert sorted(ids) == ids
    assert 13 == len(ids)


async def test_types_are_rendered_once_until_one_changes(acme: Acme, monkeypatch: pytest.MonkeyPatch):
    made = []
    shape = SubscriptionType.of
    monkeypatch.setattr(SubscriptionType, "of", lambda type_: made.append(type_.id) or shape(type_))

    lists = [(await acme.get("/subscription_types")).json() for _ in range(3)]
    assert list(acme.types.values()) == made
    assert lists[0] == lists[1] == lists[2]

    await acme.region.types.update(acme.workspace.id, made[0], TypeDraft(None, None, None, RENAMED, None))
    listed = (await acme.get("/subscription_types")).json()["data"]
    assert "Renamed" == listed[0]["default_translation"]["name"]
    assert lists[0]["data"][1:] == listed[1:]


@pytest.mark.parametrize("word", STATES)
async def test_one_type_is_found_in_any_state(acme: Acme, word: str):
    listed = (await acme.get("/subscription_types")).json()["data"]

    answer = await acme.get(f"/subscription_types/{acme.types[word]}")

    assert 200 == answer.status_code
    assert next(item for item in listed if item["id"] == acme.types[word]) == answer.json()


@pytest.mark.parametrize("type_id", ["999", "x", "%00", "-1"])
async def test_a_type_that_there_is_not_is_told_as_resource_not_found(acme: Acme, type_id: str):
    assert RESOURCE_NOT_FOUND == told(await acme.get(f"/subscription_types/{type_id}"))
