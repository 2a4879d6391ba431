"""Workspaces and their admins in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.domain.settings_log import SettingsEntry
from sayso.storage.memory.settings_log import MemorySettingsLogStore


class MemoryWorkspaceStore:
    def __init__(self, settings_log: MemorySettingsLogStore) -> None:
        self.settings_log = settings_log
        self._workspaces: dict[str, Workspace] = {}
        self.kept_admins: dict[str, list[Admin]] = {}
        self._versions: dict[str, int] = {}

    def raise_version(self, workspace_id: str) -> int:
        """The new version."""
        self._versions[workspace_id] += 1
        return self._versions[workspace_id]

    def raise_version_from(self, workspace_id: str, version: int) -> int:
        """The new version. Raises Stale where it was another."""
        if self._versions.get(workspace_id) != version:
            raise Stale("somebody was faster")
        return self.raise_version(workspace_id)

    async def version(self, workspace_id: str) -> int | None:
        return self._versions.get(workspace_id)

    async def find(self, workspace_id: str) -> Workspace | None:
        kept = self._workspaces.get(workspace_id)
        return kept and replace(kept, version=self._versions[kept.id])

    async def all(self) -> list[Workspace]:
        order = sorted(self._workspaces.values(), key=lambda workspace: (workspace.created_at, workspace.id))
        return [found for workspace in order if (found := await self.find(workspace.id))]

    async def add(self, workspace: Workspace, admins: Sequence[Admin], logged: Sequence[SettingsEntry]) -> None:
        self._workspaces[workspace.id] = workspace
        self._versions[workspace.id] = workspace.version
        self.kept_admins[workspace.id] = list(admins)
        for entry in logged:
            self.settings_log.append(entry)

    async def set_api_version(self, workspace_id: str, name: str) -> None:
        if workspace_id not in self._workspaces:
            raise Stale("there is no such workspace")
        self._workspaces[workspace_id] = replace(self._workspaces[workspace_id], api_version=name)
        self.raise_version(workspace_id)
