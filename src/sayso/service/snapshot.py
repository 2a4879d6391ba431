"""Snapshots: a workspace's small tables, kept in process and never older than a second."""

from __future__ import annotations

from asyncio import Task, create_task, shield
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.data_attribute import DataAttribute
from sayso.domain.errors import NotFound, Unavailable
from sayso.domain.search_query import Language
from sayso.domain.subscription_type import SubscriptionType
from sayso.domain.tag import Tags
from sayso.service.decided import decided
from sayso.service.ports import Clock, Store

#: For how long a snapshot is used without asking whether it is current, in ms.
MAX_AGE = 1000

#: What a decision on a workspace's small tables comes to.
C = TypeVar("C")


@dataclass(slots=True)
class Snapshot:
    """What a workspace's small tables said at `version`. `rendered` is the surfaces', to keep what they made of it: by
    a word of theirs, then by what it was made for. `languages` are what its searches may say, by version."""

    workspace: Workspace
    types: dict[str, SubscriptionType]
    admins: list[Admin]
    checked_at: int
    tags: Tags = field(default_factory=Tags)
    attributes: dict[int, DataAttribute] = field(default_factory=dict)
    rendered: defaultdict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    languages: dict[tuple[bool, bool, bool], Language] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return self.workspace.version


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
        return reading

    def held(self, workspace_id: str) -> Snapshot | None:
        """The snapshot of a workspace, if there is one at most a second old: nothing is asked."""
        held = self._held.get(workspace_id)
        return held if held is not None and 0 <= self._clock() - held.checked_at < MAX_AGE else None

    def hold(self, snapshot: Snapshot, now: int) -> bool:
        """Whether a snapshot is the one held, and at most a second old."""
        return 0 <= now - snapshot.checked_at < MAX_AGE and self._held.get(snapshot.workspace.id) is snapshot

    def forget(self) -> None:
        """Read everything anew: what it was read from is no longer the same."""
        self._held.clear()
        self._reading.clear()

    async def current(self, workspace_id: str) -> Snapshot | None:
        """The snapshot as the store has it now."""
        held = self._held.get(workspace_id)
        now = self._clock()
        version = await self._store.workspace.version(workspace_id)
        if held is not None and held.version == version:
            held.checked_at = now
            return held
        read = await self._read(workspace_id, now)
        if read is None:
            self._held.pop(workspace_id, None)
        else:
            self._held[workspace_id] = read
        return read

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

    async def _read(self, workspace_id: str, now: int) -> Snapshot | None:
        # The version is read before what it counts: a change in between makes the snapshot look old, never new.
        workspace = await self._store.workspace.find(workspace_id)
        if workspace is None:
            return None
        types: dict[str, SubscriptionType] = {
            type_.id: type_ for type_ in await self._store.subscription_type.all(workspace_id)
        }
        admins = await self._store.admin.all(workspace_id)
        # First: a tag that is made in between is newer than the snapshot, and not gone.
        last_tag = await self._store.tag.last(workspace_id)
        tags = Tags().after(await self._store.tag.all(workspace_id), last_tag)
        attributes = {one.id: one for one in await self._store.data_attribute.all(workspace_id)}
        return Snapshot(workspace, types, admins, now, tags, attributes)
