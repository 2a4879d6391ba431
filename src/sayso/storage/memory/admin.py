"""Admins in memory."""

from __future__ import annotations

from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryAdminStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces

    async def all(self, workspace_id: str) -> list[Admin]:
        return sorted(self._workspaces.kept_admins.get(workspace_id, ()), key=lambda admin: int(admin.id))

    async def add(self, admin: Admin) -> None:
        kept = self._workspaces.kept_admins.get(admin.workspace_id)
        if kept is None or admin.id in {one.id for one in kept}:
            raise Stale("somebody was faster")
        kept.append(admin)
        self._workspaces.raise_version(admin.workspace_id)
