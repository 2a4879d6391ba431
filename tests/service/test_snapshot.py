"""Snapshots: read by one of those who come at once, for all of them."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import Clock, draft

from sayso.domain.admin import Admin
from sayso.domain.errors import Unavailable
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.snapshot import MAX_AGE, Snapshots


class Asked:
    """A store's admins, counting who asks for them; `held` keeps the first answer back, `broken` gives none."""

    def __init__(self, store: Store) -> None:
        self._all = store.admin.all
        self.times, self.broken, self.held = 0, False, asyncio.Event()
        self.held.set()

    async def all(self, workspace_id: str) -> list[Admin]:
        self.times += 1
        if self.times == 1:
            await self.held.wait()
        if self.broken:
            raise Unavailable("away")
        return await self._all(workspace_id)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def workspace_id(store: Store, clock: Clock) -> str:
    return (await Region.on("us", store, clock, RandomIds()).workspaces.create("Acme")).id


@pytest.fixture
def asked(store: Store, workspace_id: str, monkeypatch: pytest.MonkeyPatch) -> Asked:
    made = Asked(store)
    monkeypatch.setattr(store.admin, "all", made.all)
    return made


async def test_all_who_come_at_once_share_one_reading(store: Store, clock: Clock, workspace_id: str, asked: Asked):
    snapshots = Snapshots(store, clock)

    found = await asyncio.gather(*(snapshots.of(workspace_id) for _ in range(8)))

    assert 1 == asked.times
    assert found[0] is not None
    assert {id(found[0])} == {id(each) for each in found}


async def test_who_leaves_takes_the_reading_from_nobody(store: Store, clock: Clock, workspace_id: str, asked: Asked):
    snapshots = Snapshots(store, clock)
    asked.held.clear()
    first, second = (asyncio.ensure_future(snapshots.of(workspace_id)) for _ in range(2))
    while not asked.times:
        await asyncio.sleep(0)

    first.cancel()
    asked.held.set()

    assert await second is not None
    assert 1 == asked.times


async def test_a_reading_that_began_too_long_ago_is_shared_with_nobody_new(
    store: Store, clock: Clock, workspace_id: str, asked: Asked
):
    snapshots = Snapshots(store, clock)
    asked.held.clear()
    early = asyncio.ensure_future(snapshots.of(workspace_id))
    while not asked.times:
        await asyncio.sleep(0)
    clock.pass_(MAX_AGE)
    await Region.on("us", store, clock, RandomIds()).types.create(workspace_id, draft("opt_in"))

    late = asyncio.ensure_future(snapshots.of(workspace_id))
    asked.held.set()

    assert 1 == len((await late).types)
    await early


async def test_a_reading_that_fails_fails_for_those_who_shared_it_alone(
    store: Store, clock: Clock, workspace_id: str, asked: Asked
):
    snapshots = Snapshots(store, clock)
    asked.broken = True

    told = await asyncio.gather(*(snapshots.of(workspace_id) for _ in range(3)), return_exceptions=True)
    asked.broken = False

    assert [Unavailable] * 3 == [type(each) for each in told]
    assert await snapshots.of(workspace_id) is not None
