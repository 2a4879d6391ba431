"""Snapshots: read by one of those who come at once, for all of them, and followed change by change."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import ref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import Clock, draft

from sayso.domain.access import Scope
from sayso.domain.admin import Admin
from sayso.domain.data_attribute import AttributeDraft
from sayso.domain.errors import AttributeNotFound, Conflict, Invalid, NotFound, TypeNotFound, Unavailable
from sayso.domain.subscription_type import Translation
from sayso.service import snapshot as snapshots_module
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.search import Said, language
from sayso.service.snapshot import MAX_AGE, MAX_UNCHECKED, UNUSED, Snapshot, Snapshots
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore


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
    monkeypatch.setattr(snapshots_module, "MOST_KEPT", 2)
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


class Rows:
    """Counts the statements and the rows that a store's small tables were read with."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        for name in ("workspace", "subscription_type", "admin", "tag", "data_attribute"):
            part = getattr(store, name)
            for word in ("version", "find", "all", "changed", "last"):
                if hasattr(part, word):
                    monkeypatch.setattr(part, word, self._counted(name, getattr(part, word)))

    def _counted(self, name: str, read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*params: Any) -> Any:
            found = await read(*params)
            self.reads[name] += 1
            self.rows[name] += len(found) if isinstance(found, list) else 1
            return found

        return counted

    def take(self) -> tuple[Counter[str], Counter[str]]:
        taken = self.reads.copy(), self.rows.copy()
        self.reads.clear()
        self.rows.clear()
        return taken


async def change_each_table(region: Region, workspace_id: str, word: str) -> None:
    tag = await region.tags.named(workspace_id, f"tag {word}")
    await region.tags.rename(workspace_id, tag.id, f"other tag {word}")
    await region.tags.delete(workspace_id, tag.id)
    type_ = await region.types.create(workspace_id, draft("opt_in"))
    await region.types.translate(workspace_id, type_.id, Translation("x", "", "fr"))
    attribute = await region.attributes.create(workspace_id, "1", AttributeDraft("contact", f"plan {word}", "string"))
    await region.attributes.update(workspace_id, str(attribute.id), AttributeDraft(archived=True))
    await region.admins.create(workspace_id, f"{word}@example.com", "Ada")


async def test_what_a_change_reads_does_not_depend_on_how_much_there_is(
    store: Store, clock: Clock, workspace_id: str, monkeypatch: pytest.MonkeyPatch
):
    here, there = (Region.on("us", store, clock, RandomIds()) for _ in range(2))
    assert await here.snapshots.of(workspace_id)
    assert await there.snapshots.of(workspace_id)
    read = Rows(store, monkeypatch)
    costs = []
    for word in ("one", "two"):
        await change_each_table(there, workspace_id, word)
        costs.append(read.take())
        assert await here.snapshots.current(workspace_id)
        costs.append(read.take())
        for number in range(60):
            await there.tags.named(workspace_id, f"tag {word} {number}")
            await there.attributes.create(workspace_id, "1", AttributeDraft("contact", f"{word} {number}", "string"))
            await there.types.create(workspace_id, draft("opt_out"))
        assert await here.snapshots.current(workspace_id)
        read.take()

    assert costs[:2] == costs[2:]
    reads, rows = costs[1]
    assert {"workspace": 2, "subscription_type": 1, "admin": 1, "tag": 1, "data_attribute": 1} == reads
    assert {"workspace": 2, "subscription_type": 1, "admin": 1, "tag": 1, "data_attribute": 1} == rows


async def test_tables_that_did_not_change_are_shared_with_what_was_made_of_them(
    store: Store, clock: Clock, workspace_id: str
):
    region = Region.on("us", store, clock, RandomIds())
    await region.types.create(workspace_id, draft("opt_in"))
    await region.attributes.create(workspace_id, "1", AttributeDraft("contact", "plan", "string"))
    before = await region.snapshots.required(workspace_id)
    before.rendered["list"]["1"] = b"[]"
    assert {"plan"} == language(before, Said(True, True, True)).attributes.keys()

    await region.tags.named(workspace_id, "VIP")

    after = await region.snapshots.required(workspace_id)
    assert before is not after
    for name in ("types", "admins", "attributes", "rendered", "searchable"):
        assert getattr(before, name) is getattr(after, name), name
    assert (None, "VIP") == (before.tags.named("VIP"), after.tags.by_id["1"].name)
    await region.types.create(workspace_id, draft("opt_in"))
    await region.attributes.create(workspace_id, "1", AttributeDraft("contact", "size", "string"))
    last = await region.snapshots.required(workspace_id)
    assert ({}, after.tags) == (last.rendered, last.tags)
    assert {"plan", "size"} == language(last, Said(True, True, True)).attributes.keys()


def told(snapshot: Snapshot | None) -> object:
    """All that a snapshot says, in its order."""
    assert snapshot
    names = [snapshot.tags.named(name) for name in NAMES]
    tables = [list(table.items()) for table in (snapshot.types, snapshot.attributes, snapshot.tags.by_id)]
    return snapshot.workspace, tables, snapshot.admins, names, snapshot.tags.last


NAMES = ("a", "b", "c")


class Everybody:
    """Several processes on one store, and what each of them may change."""

    def __init__(self, store: Store, clock: Clock, workspace_id: str) -> None:
        self.processes = [Region.on("us", store, clock, RandomIds()) for _ in range(3)]
        self.workspace_id = workspace_id
        self._store, self._clock = store, clock

    async def change(self, process: int, act: str, number: int) -> None:
        """What cannot be done is left."""
        region, workspace_id, name = self.processes[process], self.workspace_id, NAMES[number % len(NAMES)]
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "make a tag": lambda: region.tags.named(workspace_id, name),
            "rename a tag": lambda: region.tags.rename(workspace_id, str(number), name),
            "delete a tag": lambda: region.tags.delete(workspace_id, str(number)),
            "make a type": lambda: region.types.create(workspace_id, draft("opt_in", name=name)),
            "change a type": lambda: region.types.update(workspace_id, str(number), draft("opt_in", name=name)),
            "translate a type": lambda: region.types.translate(workspace_id, str(number), Translation(name, "", "fr")),
            "make an attribute": lambda: region.attributes.create(
                workspace_id, "1", AttributeDraft("contact", f"{name} {number}", "string")
            ),
            "archive an attribute": lambda: region.attributes.update(
                workspace_id, str(number), AttributeDraft(archived=bool(number % 2))
            ),
            "make an admin": lambda: region.admins.create(workspace_id, f"{name}{number}@example.com", name),
            "revoke a token": lambda: self._revoke(region),
            "read": lambda: region.snapshots.current(workspace_id),
        }
        # Refused, or one change too many at once for a busy machine: nothing is changed then.
        with suppress(Invalid, NotFound, Conflict, AttributeNotFound, TypeNotFound, Unavailable):
            await acts[act]()

    async def _revoke(self, region: Region) -> None:
        token, _ = await region.access.create(self.workspace_id, "some", [Scope.READ], "us")
        await region.access.revoke(self.workspace_id, token.id)

    async def agree(self) -> None:
        """Everybody's snapshot says what one says that was read from nothing."""
        fresh = told(await Snapshots(self._store, self._clock).current(self.workspace_id))
        for region in self.processes:
            assert fresh == told(await region.snapshots.current(self.workspace_id))


ACTS = (
    *("make a tag", "rename a tag", "delete a tag", "make a type", "change a type", "translate a type"),
    *("make an attribute", "archive an attribute", "make an admin", "revoke a token", "read"),
)
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(ACTS), st.integers(1, 4)), min_size=1, max_size=3)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=8))
async def test_a_snapshot_that_follows_changes_is_one_read_anew(
    store: Store, clock: Clock, rounds: list[list[tuple[int, str, int]]]
):
    workspace_id = (await Region.on("us", store, clock, RandomIds()).workspaces.create("Acme")).id
    everybody = Everybody(store, clock, workspace_id)
    for steps in rounds:
        await asyncio.gather(*(everybody.change(*step) for step in steps))
        # Not everybody looks each time: some follow several changes at once.
        await everybody.processes[len(steps) - 1].snapshots.current(workspace_id)
        if len(steps) == 3:
            await everybody.agree()
    await everybody.agree()


async def test_changes_between_the_version_and_its_rows_are_read_and_read_again(
    store: Store, clock: Clock, workspace_id: str, monkeypatch: pytest.MonkeyPatch
):
    everybody = Everybody(store, clock, workspace_id)
    here, there = everybody.processes[:2]
    await there.tags.named(workspace_id, "a")
    assert await here.snapshots.of(workspace_id)
    await there.tags.named(workspace_id, "b")
    find = store.workspace.find
    meanwhile = [
        lambda: there.tags.named(workspace_id, "c"),
        lambda: there.tags.delete(workspace_id, "1"),
        lambda: there.types.create(workspace_id, draft("opt_in")),
    ]

    async def find_and_be_overtaken(asked: str) -> object:
        found = await find(asked)
        # They find it too.
        changes = [meanwhile.pop() for _ in meanwhile.copy()]
        for change in changes:
            await change()
        return found

    monkeypatch.setattr(store.workspace, "find", find_and_be_overtaken)
    overtaken = await here.snapshots.current(workspace_id)

    assert overtaken
    assert (["2", "3"], ["1"]) == (list(overtaken.tags.by_id), list(overtaken.types))
    assert overtaken.version + 3 == await store.workspace.version(workspace_id)
    await everybody.agree()


async def test_what_an_older_program_changed_is_read_too(sqlite: SqlStore, clock: Clock):
    region, there = (Region.on("us", sqlite, clock, RandomIds()) for _ in range(2))
    workspace_id = (await region.workspaces.create("Acme")).id
    await region.tags.named(workspace_id, "VIP")
    await sqlite.engine.commit(
        [
            Statement("UPDATE tags SET name = 'Gold', revision = 2 WHERE workspace_id = $1", (workspace_id,)),
            Statement("UPDATE workspaces SET version = version + 1 WHERE workspace_id = $1", (workspace_id,)),
        ]
    )
    await there.tags.named(workspace_id, "new")

    assert ["Gold", "new"] == [tag.name for tag in await region.tags.all(workspace_id)]


async def test_a_snapshot_of_a_later_version_than_the_store_s_is_read_anew(
    store: Store, clock: Clock, workspace_id: str, monkeypatch: pytest.MonkeyPatch
):
    """After a fail-over to a server that had not received everything."""
    region = Region.on("us", store, clock, RandomIds())
    await region.tags.named(workspace_id, "kept")
    before = await store.workspace.find(workspace_id)
    all_ = await store.tag.all(workspace_id)
    await region.tags.named(workspace_id, "lost")
    assert before

    async def lost(*_: object) -> object:
        return before

    async def version(*_: object) -> int:
        return before.version

    async def kept(*_: object) -> object:
        return all_

    for part, word, answer in (
        (store.workspace, "find", lost),
        (store.workspace, "version", version),
        (store.tag, "all", kept),
    ):
        monkeypatch.setattr(part, word, answer)

    assert ["kept"] == [tag.name for tag in await region.tags.all(workspace_id)]


@pytest.mark.parametrize("changes", [1, 2])
async def test_a_process_that_was_idle_through_a_fail_over_keeps_no_row_that_was_lost(
    sqlite: SqlStore, clock: Clock, changes: int
):
    """The database went back by one version, and reached the same one or a later one by other changes."""
    idle, busy = (Region.on("us", sqlite, clock, RandomIds()) for _ in range(2))
    workspace_id = (await idle.workspaces.create("Acme")).id
    await idle.tags.named(workspace_id, "lost")
    go_back = "UPDATE workspaces SET version = version - 1, stamped_changes = stamped_changes - 1"
    await sqlite.engine.commit([Statement("DELETE FROM tags", ()), Statement(go_back, ())])
    for number in range(changes):
        await busy.tags.named(workspace_id, f"new {number}")
    clock.pass_(MAX_UNCHECKED)

    assert [f"new {number}" for number in range(changes)] == [tag.name for tag in await idle.tags.all(workspace_id)]


@pytest.mark.parametrize("idle_for", [-1, MAX_UNCHECKED])
async def test_a_snapshot_that_was_not_compared_for_long_is_not_followed(
    store: Store, clock: Clock, workspace_id: str, asked: Asked, idle_for: int
):
    snapshots = Snapshots(store, clock)
    await snapshots.current(workspace_id)
    clock.pass_(MAX_UNCHECKED - 1)
    await snapshots.current(workspace_id)
    assert 1 == asked.times

    clock.pass_(idle_for)
    await snapshots.current(workspace_id)

    assert 2 == asked.times
