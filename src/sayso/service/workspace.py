"""Workspaces: made and listed."""

from __future__ import annotations

from sayso.domain.access import Admin, Workspace
from sayso.domain.errors import Invalid
from sayso.service.ports import Clock, Ids, Store


class WorkspaceService:
    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def all(self) -> list[Workspace]:
        """In order of creation."""
        return await self._store.workspace.all()

    async def find(self, workspace_id: str) -> Workspace | None:
        return await self._store.workspace.find(workspace_id)

    async def create(
        self,
        name: str,
        *,
        api_version: str = "2.11",
        timezone: str = "UTC",
        admin_email: str = "admin@example.com",
        admin_name: str = "Admin",
    ) -> Workspace:
        """A new workspace with its first admin. Raises Invalid."""
        if not name.strip() or len(name) > 255:
            raise Invalid("a workspace's name has 1 to 255 characters", "name")
        workspace = Workspace(self._ids.code(), name, api_version, timezone, 1, self._clock())
        await self._store.workspace.add(workspace, [Admin("1", workspace.id, admin_email, admin_name)])
        return workspace
