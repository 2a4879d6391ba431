"""Data attributes in a store."""

from __future__ import annotations

import pytest
from tests.cast import NOON
from tests.storage.conftest import ACME

from sayso.domain import data_attribute as rules
from sayso.domain.access import Workspace
from sayso.domain.data_attribute import AttributeChange, AttributeDraft, DataAttribute, Maker
from sayso.domain.errors import Stale
from sayso.service.ports import Store

PLAN = AttributeDraft("contact", "Plan", "string", "Which", ("free", "\N{SNOWMAN}, b"), True)


def made(number: int, draft: AttributeDraft = PLAN, workspace_id: str = ACME) -> AttributeChange:
    return rules.create(Maker(workspace_id, number, "1"), draft, [], NOON)


async def write(store: Store, change: AttributeChange | None) -> DataAttribute:
    assert change
    version = await store.workspace.version(ACME)
    assert version
    await store.data_attribute.commit(change, version)
    return change.after


async def test_attributes_are_found_as_they_were_given_in_the_order_of_their_numbers(
    store: Store, workspace: Workspace
):
    ten = await write(store, made(10))
    nine = await write(store, made(9, AttributeDraft("company", "seats", "integer")))
    change = rules.update(nine, AttributeDraft(archived=True, description="x", messenger_writable=True), [], NOON + 1)
    archived = await write(store, change)

    assert [archived, ten] == await store.data_attribute.all(ACME)
    assert [] == await store.data_attribute.all("globex")
    assert workspace.version + 3 == await store.workspace.version(ACME)


async def test_a_change_decided_on_what_is_no_longer_so_is_stale(store: Store, workspace: Workspace):
    attribute = await write(store, made(1))
    version = await store.workspace.version(ACME)
    assert version
    later = rules.update(attribute, AttributeDraft(archived=True), [], NOON)
    assert later
    stale = [
        (made(1), version),
        (made(2), version - 1),
        (AttributeChange(later.after, attribute), version),
        (made(1, workspace_id="nowhere"), version),
    ]
    for change, decided_on in stale:
        with pytest.raises(Stale):
            await store.data_attribute.commit(change, decided_on)

    assert [attribute] == await store.data_attribute.all(ACME)
    assert version == await store.workspace.version(ACME)
