"""Snapshots: a workspace's small tables, kept in process and never older than a second."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sayso.domain.access import Admin, Workspace
from sayso.domain.subscription_type import SubscriptionType
from sayso.service.ports import Clock, Store

#: For how long a snapshot is used without asking whether it is current, in ms.
MAX_AGE = 1000


@dataclass(slots=True)
class Snapshot:
    """What a workspace's small tables said at `version`. `rendered` is the surfaces', to keep what they made of it: by
    a word of theirs, then by what it was made for."""

    workspace: Workspace
    types: dict[str, SubscriptionType]
    admins: list[Admin]
    checked_at: int
    rendered: defaultdict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def version(self) -> int:
        return self.workspace.version


class Snapshots:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._held: dict[str, Snapshot] = {}

    async def of(self, workspace_id: str) -> Snapshot | None:
        """The snapshot of a workspace, at most a second old; None when there is no such workspace."""
        return self.held(workspace_id) or await self.current(workspace_id)

    def held(self, workspace_id: str) -> Snapshot | None:
        """The snapshot of a workspace, if there is one at most a second old: nothing is asked."""
        held = self._held.get(workspace_id)
        return held if held is not None and 0 <= self._clock() - held.checked_at < MAX_AGE else None

    def hold(self, snapshot: Snapshot, now: int) -> bool:
        """Whether a snapshot is the one held, and at most a second old."""
        return 0 <= now - snapshot.checked_at < MAX_AGE and self._held.get(snapshot.workspace.id) is snapshot

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

    async def _read(self, workspace_id: str, now: int) -> Snapshot | None:
        # The version is read before what it counts: a change in between makes the snapshot look old, never new.
        workspace = await self._store.workspace.find(workspace_id)
        if workspace is None:
            return None
        types: dict[str, SubscriptionType] = {
            type_.id: type_ for type_ in await self._store.subscription_type.all(workspace_id)
        }
        return Snapshot(workspace, types, await self._store.workspace.admins(workspace_id), now)
