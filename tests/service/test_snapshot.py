"""Snapshots: read by one of those who come at once, for all of them."""

from __future__ import annotations

import asyncio
from weakref import ref

import pytest
from tests.cast import Clock, draft

from sayso.domain.admin import Admin
from sayso.domain.errors import Invalid, Unavailable
from sayso.service import snapshot
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.search import Said, language
from sayso.service.snapshot import MAX_AGE, UNUSED, Snapshots


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


@pytest.mark.usefixtures("no_garbage_collector")
async def test_a_snapshot_is_freed_when_a_newer_one_takes_its_place(store: Store, clock: Clock, workspace_id: str):
    region = Region.on("us", store, clock, RandomIds())
    old = []
    for number in range(5):
        held = await region.snapshots.of(workspace_id)
        assert held
        assert language(held, Said(True, True, True)).is_gone
        held.rendered["list"]["1"] = b"[]"
        old.append(ref(held))
        del held
        await region.tags.named(workspace_id, f"tag {number}")
        await region.types.create(workspace_id, draft("opt_in"))
        clock.pass_(MAX_AGE)
        with pytest.raises(Invalid):
            await region.tags.named(workspace_id, "")
        # A task that is done is let go of in the loop's next turn.
        await asyncio.sleep(0)

    assert [None] * 5 == [each() for each in old]
    assert region.snapshots.held(workspace_id)


async def test_a_snapshot_that_nobody_asks_for_is_dropped(store: Store, clock: Clock, workspace_id: str):
    region = Region.on("us", store, clock, RandomIds())
    unused = ref(await region.snapshots.of(workspace_id))
    other = (await region.workspaces.create("Globex")).id
    clock.pass_(UNUSED - MAX_AGE)
    assert await region.snapshots.of(other)
    assert unused()

    clock.pass_(MAX_AGE)
    assert await region.snapshots.of(other)
    await asyncio.sleep(0)

    assert unused() is None


async def test_the_snapshot_unused_for_longest_makes_room(
    store: Store, clock: Clock, workspace_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snapshot, "MOST_KEPT", 2)
    region = Region.on("us", store, clock, RandomIds())
    second, third = [(await region.workspaces.create(name)).id for name in ("Globex", "Initech")]
    for each in (workspace_id, second, workspace_id, third):
        assert await region.snapshots.current(each)

    assert [True, False, True] == [bool(region.snapshots.held(each)) for each in (workspace_id, second, third)]


async def test_a_reading_that_ends_last_does_not_take_the_place_of_a_newer_snapshot(
    store: Store, clock: Clock, workspace_id: str, asked: Asked
):
    snapshots = Snapshots(store, clock)
    asked.held.clear()
    early = asyncio.ensure_future(snapshots.current(workspace_id))
    while not asked.times:
        await asyncio.sleep(0)
    await Region.on("us", store, clock, RandomIds()).types.create(workspace_id, draft("opt_in"))
    newer = await snapshots.current(workspace_id)
    asked.held.set()

    assert newer is await early
    assert newer is snapshots.held(workspace_id)
