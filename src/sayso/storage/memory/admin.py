"""Admins in memory."""

from __future__ import annotations

from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.domain.settings_log import SettingsEntry
from sayso.storage.memory.stamps import Stamps
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryAdminStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces
        self._stamps: Stamps[str] = Stamps()

    async def all(self, workspace_id: str) -> list[Admin]:
        return sorted(self._workspaces.kept_admins.get(workspace_id, ()), key=lambda admin: int(admin.id))

    async def changed(self, workspace_id: str, since: int) -> list[Admin]:
        changed = set(self._stamps.since(workspace_id, since))
        found = (one for one in self._workspaces.kept_admins.get(workspace_id, ()) if one.id in changed)
        return sorted(found, key=lambda admin: int(admin.id))

    async def ids(self, workspace_id: str) -> list[str | None]:
        return [admin.id for admin in await self.all(workspace_id)]

    async def add(self, admin: Admin, logged: SettingsEntry) -> None:
        kept = self._workspaces.kept_admins.get(admin.workspace_id)
        if kept is None or admin.id in {one.id for one in kept}:
            raise Stale("somebody was faster")
        self._workspaces.settings_log.refuse_taken(logged)
        kept.append(admin)
        self._workspaces.settings_log.append(logged)
        self._stamps.stamp(admin.workspace_id, admin.id, self._workspaces.raise_version(admin.workspace_id))
