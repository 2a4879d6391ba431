"""Snapshots: a workspace's small tables, kept in process and never older than a second."""

from __future__ import annotations

from asyncio import Task, create_task, shield
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.data_attribute import DataAttribute, Model
from sayso.domain.errors import NotFound, Unavailable
from sayso.domain.search import Kind
from sayso.domain.subscription_type import SubscriptionType
from sayso.domain.tag import Tag, Tags
from sayso.service.decided import decided
from sayso.service.ports import Clock, Store

#: For how long a snapshot is used without asking whether it is current, in ms.
MAX_AGE = 1000

#: A snapshot that was not compared with the store for this long is read anew as a whole, in ms: the database may have
#: failed over to an older state meanwhile and have reached the same version again, by other changes.
MAX_UNCHECKED = 10_000

#: A snapshot that nobody asked for in this time is dropped, in ms.
UNUSED = 600_000

#: How many snapshots are kept at most, one for each workspace. Beyond that the one unused for longest is dropped.
MOST_KEPT = 10_000

#: What a decision on a workspace's small tables comes to.
C = TypeVar("C")

K = TypeVar("K", str, int)
V = TypeVar("V")


class Changes(NamedTuple):
    """The rows of a workspace's small tables that changed, each table in order of creation; tags in any state."""

    types: list[SubscriptionType]
    admins: list[Admin]
    tags: list[Tag]
    attributes: list[DataAttribute]


@dataclass(slots=True, weakref_slot=True)
class Snapshot:
    """A workspace's small tables as they were at `version`.

    `rendered` is where the surfaces keep what they made of the types: by a word of theirs, then by what it was made
    for. `searchable` are the custom attributes that searches may name, once somebody asked for them.

    Nothing that a snapshot holds may refer back to it: it must be freed at once when a newer one takes its place, not
    when the garbage collector comes.
    """

    workspace: Workspace
    types: dict[str, SubscriptionType]
    admins: list[Admin]
    checked_at: int
    tags: Tags = field(default_factory=Tags)
    attributes: dict[int, DataAttribute] = field(default_factory=dict)
    rendered: defaultdict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    searchable: dict[Model, dict[str, Kind]] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return self.workspace.version

    def leads_to(self, workspace: Workspace) -> bool:
        """Whether the rows stamped since this snapshot are all that makes another of it, with a later record."""
        return self.version < workspace.version and self.workspace.unstamped == workspace.unstamped

    def after(self, changes: Changes, workspace: Workspace, now: int) -> Snapshot:
        """The snapshot that changes make of this one. What has not changed is shared, and what was made of it."""
        types = _after(self.types, {str(type_.id): type_ for type_ in changes.types})
        attributes = _after(self.attributes, {attribute.id: attribute for attribute in changes.attributes})
        made = Snapshot(
            workspace=workspace,
            types=types,
            admins=_admins_after(self.admins, changes.admins),
            checked_at=now,
            tags=self.tags.after(changes.tags) if changes.tags else self.tags,
            attributes=attributes,
        )
        if types is self.types:
            made.rendered = self.rendered
        if attributes is self.attributes:
            made.searchable = self.searchable
        return made


class Snapshots:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[str, Snapshot] = {}
        # When each began that is under way, and it.
        self._reading: dict[str, tuple[int, Task[Snapshot | None]]] = {}

    async def of(self, workspace_id: str) -> Snapshot | None:
        """The snapshot of a workspace, at most a second old; None when there is no such workspace. All who come at once
        share one reading."""
        held = self.held(workspace_id)
        return held if held is not None else await shield(self._shared(workspace_id))

    def _shared(self, workspace_id: str) -> Task[Snapshot | None]:
        now = self._clock()
        began, reading = self._reading.get(workspace_id, (now, None))
        if reading is None or reading.done() or not 0 <= now - began < MAX_AGE:
            reading = create_task(self.current(workspace_id))
            self._reading[workspace_id] = now, reading
            reading.add_done_callback(partial(self._forget_reading, workspace_id))
        return reading

    def _forget_reading(self, workspace_id: str, done: Task[Snapshot | None]) -> None:
        # A task that is done still holds the snapshot it read.
        if self._reading.get(workspace_id, (0, None))[1] is done:
            del self._reading[workspace_id]

    def held(self, workspace_id: str) -> Snapshot | None:
        """The snapshot of a workspace, if there is one at most a second old: nothing is asked."""
        held = self._held.get(workspace_id)
        return held if held is not None and 0 <= self._clock() - held.checked_at < MAX_AGE else None

    def unchanged(self, workspace: Workspace, now: int) -> Snapshot | None:
        """The snapshot that has this very record of a workspace, if it is at most a second old: nothing is asked.

        Each snapshot has a record of its own, so that the same record means that nothing was read anew.
        """
        held = self._held.get(workspace.id)
        if held is not None and held.workspace is workspace and 0 <= now - held.checked_at < MAX_AGE:
            return held
        return None

    def forget(self) -> None:
        """Read everything anew: what it was read from is no longer the same."""
        self._held.clear()
        self._reading.clear()

    async def current(self, workspace_id: str) -> Snapshot | None:
        """The snapshot as the store has it now."""
        now = self._clock()
        self._drop_unused(now)
        held = self._held.get(workspace_id)
        base = held if held is not None and 0 <= now - held.checked_at < MAX_UNCHECKED else None
        version = await self._store.workspace.version(workspace_id)
        if base is not None and base.version == version:
            base.checked_at = now
            return self._keep(base, held)
        read = await self._read(workspace_id, base, now)
        if read is None:
            self._held.pop(workspace_id, None)
            return None
        return self._keep(read, held)

    def _keep(self, current: Snapshot, before: Snapshot | None) -> Snapshot:
        """Hold a snapshot, which was read while `before` was held; the one to use."""
        held = self._held.pop(current.workspace.id, None)
        if held is not None and held is not before and held.version >= current.version:
            # Somebody else read it meanwhile.
            current = held
        # At the end, so that the first is the one unused for longest.
        self._held[current.workspace.id] = current
        if len(self._held) > MOST_KEPT:
            del self._held[next(iter(self._held))]
        return current

    def _drop_unused(self, now: int) -> None:
        while self._held:
            oldest = next(iter(self._held.values()))
            # Either way: a clock may be set back.
            if abs(now - oldest.checked_at) < UNUSED:
                break
            del self._held[oldest.workspace.id]

    async def required(self, workspace_id: str) -> Snapshot:
        """The snapshot as the store has it now. Raises NotFound."""
        snapshot = await self.current(workspace_id)
        if snapshot is None:
            raise NotFound(f"there is no workspace {workspace_id}")
        return snapshot

    async def renew(self, workspace_id: str) -> None:
        """Read what was written. That stays written whatever comes of it: it is read again within a second anyway."""
        with suppress(Unavailable):
            await self.current(workspace_id)

    async def decided(
        self,
        workspace_id: str,
        decide: Callable[[Snapshot], Awaitable[C | None]],
        commit: Callable[[C, int], Awaitable[None]],
    ) -> C | None:
        """Commit what is decided on a snapshot, guarded by its version; None where nothing is to be written.

        Raises NotFound, Unavailable.
        """

        async def read() -> tuple[C, int] | None:
            snapshot = await self.required(workspace_id)
            change = await decide(snapshot)
            return None if change is None else (change, snapshot.version)

        async def swap(decision: tuple[C, int]) -> None:
            await commit(*decision)

        decision = await decided(read, swap)
        await self.renew(workspace_id)
        return decision[0] if decision else None

    async def _read(self, workspace_id: str, base: Snapshot | None, now: int) -> Snapshot | None:
        """Read what changed since the snapshot `base`, or everything where there is none or it does not tell."""
        # The version is read before what it counts: a change in between makes the snapshot look old, never new. The
        # rows of that change are then read once more, which does no harm.
        workspace = await self._store.workspace.find(workspace_id)
        if workspace is None:
            return None
        if base is None or not base.leads_to(workspace):
            return await self._read_all(workspace, now)
        changes = Changes(
            await self._store.subscription_type.changed(workspace_id, base.version),
            await self._store.admin.changed(workspace_id, base.version),
            await self._store.tag.changed(workspace_id, base.version),
            await self._store.data_attribute.changed(workspace_id, base.version),
        )
        return base.after(changes, workspace, now)

    async def _read_all(self, workspace: Workspace, now: int) -> Snapshot:
        types: dict[str, SubscriptionType] = {
            type_.id: type_ for type_ in await self._store.subscription_type.all(workspace.id)
        }
        admins = await self._store.admin.all(workspace.id)
        # First: a tag that is made in between is newer than the snapshot, and not gone.
        last_tag = await self._store.tag.last(workspace.id)
        tags = Tags().after(await self._store.tag.all(workspace.id), last_tag)
        attributes = {one.id: one for one in await self._store.data_attribute.all(workspace.id)}
        return Snapshot(workspace, types, admins, now, tags, attributes)


def _admins_after(held: list[Admin], changed: list[Admin]) -> list[Admin]:
    by_id = {admin.id: admin for admin in changed}
    return list(_after({admin.id: admin for admin in held}, by_id).values()) if changed else held


def _after(held: dict[K, V], changed: dict[K, V]) -> dict[K, V]:
    """Rows by id, in the order of their numbers; the same dictionary where none changed. `changed` is in that order."""
    if not changed:
        return held
    after = {**held, **changed}
    added = next((number for number in changed if number not in held), None)
    if added is not None and held and int(added) < int(next(reversed(held))):
        return dict(sorted(after.items(), key=lambda row: int(row[0])))
    return after
