"""Answers kept under a key: with what they tell about, or not at all."""

from __future__ import annotations

import pytest
from tests.cast import NOON, draft
from tests.storage.conftest import keep_type

from sayso.domain import subscription_type as rules
from sayso.domain.access import Workspace
from sayso.domain.errors import Stale
from sayso.domain.idempotency import KEPT_FOR, IdempotencyRecord
from sayso.domain.subscription_type import TypeChange, TypeId
from sayso.service.ports import Store


def change(number: int) -> TypeChange:
    return rules.create("acme", TypeId(str(number)), draft(), NOON)


def record(key: str = "one", at: int = NOON, workspace_id: str = "acme") -> IdempotencyRecord:
    return IdempotencyRecord(workspace_id, key, "fingerprint", 201, '{"name":"Für Sie"}', at)


@pytest.fixture
async def types(store: Store):
    for workspace_id in ("acme", "globex"):
        await store.workspace.add(Workspace(workspace_id, "us", workspace_id, "2.11", "UTC", 1, NOON), [], [])
    return store.subscription_type


async def test_a_record_is_found_as_it_was_kept_and_in_its_workspace_alone(store: Store, types):
    await keep_type(store, change(1), record())

    assert record() == await store.idempotency.find("acme", "one")
    assert None is await store.idempotency.find("globex", "one")
    assert None is await store.idempotency.find("acme", "two")


async def test_a_change_that_is_stale_keeps_no_record(store: Store, types):
    await keep_type(store, change(1))

    with pytest.raises(Stale):
        await keep_type(store, change(1), record())

    assert None is await store.idempotency.find("acme", "one")


async def test_a_key_that_is_taken_makes_the_change_stale_and_writes_nothing(store: Store, types):
    await keep_type(store, change(1), record())

    with pytest.raises(Stale):
        await keep_type(store, change(2), record())

    assert ["1"] == [type_.id for type_ in await types.all("acme")]


async def test_a_record_older_than_a_day_makes_room(store: Store, types):
    await keep_type(store, change(1), record())
    with pytest.raises(Stale):
        await keep_type(store, change(2), record(at=NOON + KEPT_FOR - 1))

    await keep_type(store, change(2), record(at=NOON + KEPT_FOR))

    assert record(at=NOON + KEPT_FOR) == await store.idempotency.find("acme", "one")
