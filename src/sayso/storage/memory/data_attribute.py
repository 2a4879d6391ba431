"""Data attributes in memory."""

from __future__ import annotations

from sayso.domain.data_attribute import AttributeChange, DataAttribute
from sayso.domain.errors import Stale
from sayso.storage.memory.stamps import Stamps
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryDataAttributeStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces
        self._attributes: dict[tuple[str, int], DataAttribute] = {}
        self._stamps: Stamps[int] = Stamps()

    async def all(self, workspace_id: str) -> list[DataAttribute]:
        found = (attribute for (owner, _), attribute in self._attributes.items() if owner == workspace_id)
        return sorted(found, key=lambda attribute: attribute.id)

    async def changed(self, workspace_id: str, since: int) -> list[DataAttribute]:
        return [self._attributes[workspace_id, id_] for id_ in sorted(self._stamps.since(workspace_id, since))]

    async def commit(self, change: AttributeChange, version: int) -> None:
        after = change.after
        if self._attributes.get((after.workspace_id, after.id)) != change.before:
            raise Stale("somebody was faster")
        self._stamps.stamp(
            after.workspace_id, after.id, self._workspaces.raise_version_from(after.workspace_id, version)
        )
        self._attributes[after.workspace_id, after.id] = after
