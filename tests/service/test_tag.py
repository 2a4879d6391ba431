"""Tags and data attributes where two processes have the same data."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import Clock

from sayso.domain.data_attribute import AttributeDraft, Model
from sayso.domain.errors import Invalid, NotFound
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region


@pytest.fixture
def processes(store: Store, clock: Clock) -> list[Region]:
    """Two regions' worth of caches on one store."""
    return [Region.on("us", store, clock, RandomIds()) for _ in range(2)]


async def test_a_name_is_one_tag_s_whoever_makes_it(processes: list[Region]):
    workspace = (await processes[0].workspaces.create("Acme")).id

    made = await asyncio.gather(*(one.tags.named(workspace, name) for one in processes for name in ("VIP", "vip")))

    assert 1 == len({tag.id for tag in made})
    assert made[:1] == await processes[1].tags.all(workspace)


async def test_a_tag_made_elsewhere_is_live_before_it_is_known_here_and_gone_when_its_deletion_is(
    processes: list[Region],
):
    here, there = processes
    workspace = (await here.workspaces.create("Acme")).id
    old = await there.tags.named(workspace, "old")
    held = await here.snapshots.of(workspace)
    assert held
    new = await there.tags.named(workspace, "new")

    assert [old.id, new.id] == list(held.tags.live([old.id, new.id]))
    await there.tags.delete(workspace, new.id)
    current = await here.snapshots.current(workspace)
    assert current
    assert [old.id] == list(current.tags.live([old.id, new.id]))
    with pytest.raises(NotFound):
        await here.tags.find(workspace, new.id)


async def test_an_attribute_made_elsewhere_can_be_said_at_once(processes: list[Region]):
    here, there = processes
    workspace = (await here.workspaces.create("Acme")).id
    assert await here.snapshots.of(workspace)
    with pytest.raises(Invalid):
        await here.attributes.checked(workspace, Model.CONTACT, {}, {"plan": "pro"})
    await there.attributes.create(workspace, "1", AttributeDraft("contact", "plan", "string"))

    assert {"plan": "pro"} == await here.attributes.checked(workspace, Model.CONTACT, {}, {"plan": "pro"})
