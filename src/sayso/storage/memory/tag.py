"""Tags in memory."""

from __future__ import annotations

from sayso.domain.errors import Stale
from sayso.domain.tag import Tag, TagChange, TagState
from sayso.storage.memory.stamps import Stamps
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryTagStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces
        self._tags: dict[tuple[str, str], Tag] = {}
        self._stamps: Stamps[str] = Stamps()

    async def all(self, workspace_id: str) -> list[Tag]:
        found = (tag for (owner, _), tag in self._tags.items() if owner == workspace_id and tag.state is TagState.LIVE)
        return sorted(found, key=lambda tag: int(tag.id))

    async def changed(self, workspace_id: str, since: int) -> list[Tag]:
        found = (self._tags[workspace_id, tag_id] for tag_id in self._stamps.since(workspace_id, since))
        return sorted(found, key=lambda tag: int(tag.id))

    async def last(self, workspace_id: str) -> int:
        return max((int(number) for owner, number in self._tags if owner == workspace_id), default=0)

    async def commit(self, change: TagChange, version: int) -> None:
        after = change.after
        if self._tags.get((after.workspace_id, after.id)) != change.before:
            raise Stale("somebody was faster")
        self._stamps.stamp(
            after.workspace_id, after.id, self._workspaces.raise_version_from(after.workspace_id, version)
        )
        self._tags[after.workspace_id, after.id] = after
