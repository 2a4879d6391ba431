"""Tags in a store."""

from __future__ import annotations

import pytest
from tests.cast import NOON
from tests.storage.conftest import ACME

from sayso.domain import tag as rules
from sayso.domain.access import Workspace
from sayso.domain.errors import Stale
from sayso.domain.tag import Tag, TagChange, Tags
from sayso.service.ports import Store


async def write(store: Store, change: TagChange | None) -> Tag:
    assert change
    version = await store.workspace.version(ACME)
    assert version
    await store.tag.commit(change, version)
    return change.after


def creation(number: int, name: str, workspace_id: str = ACME) -> TagChange | None:
    return rules.create(workspace_id, name, Tags(last=number - 1), NOON)


async def make(store: Store, number: int, name: str) -> Tag:
    return await write(store, creation(number, name))


async def test_live_tags_come_in_the_order_of_their_numbers(store: Store, workspace: Workspace):
    ten, nine = await make(store, 10, "VIP"), await make(store, 9, "Beta \N{SNOWMAN}")
    renamed = await write(store, rules.rename(ten, "Gold", Tags(), NOON + 1))

    assert [nine, renamed] == await store.tag.all(ACME)
    assert [] == await store.tag.all("globex")
    assert (10, 0) == (await store.tag.last(ACME), await store.tag.last("globex"))
    assert workspace.version + 3 == await store.workspace.version(ACME)


async def test_a_deleted_tag_leaves_its_number_behind(store: Store, workspace: Workspace):
    await write(store, rules.delete(await make(store, 1, "VIP"), NOON))

    assert ([], 1) == (await store.tag.all(ACME), await store.tag.last(ACME))


async def test_a_change_decided_on_what_is_no_longer_so_is_stale(store: Store, workspace: Workspace):
    tag = await make(store, 1, "VIP")
    version = await store.workspace.version(ACME)
    assert version
    stale = [
        (creation(1, "Other"), version),
        (creation(2, "Other"), version - 1),
        (TagChange(rules.delete(tag, NOON).after, tag), version),
        (creation(1, "Other", "nowhere"), version),
    ]
    for change, decided_on in stale:
        assert change
        with pytest.raises(Stale):
            await store.tag.commit(change, decided_on)

    assert [tag] == await store.tag.all(ACME)
    assert (1, version) == (await store.tag.last(ACME), await store.workspace.version(ACME))
