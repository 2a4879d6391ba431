"""Workspaces: made, changed and listed."""

from __future__ import annotations

from sayso.domain.access import DEFAULT_API_VERSION, Workspace
from sayso.domain.act import SYSTEM, Author
from sayso.domain.admin import Admin, check_admin
from sayso.domain.errors import Invalid, NotFound, Unavailable
from sayso.domain.settings_log import of_admin
from sayso.service.ports import Clock, Ids, Store
from sayso.service.settings_log import SettingsLog


class WorkspaceService:
    def __init__(self, store: Store, region: str, log: SettingsLog, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._region = region
        self._log = log
        self._clock = clock
        self._ids = ids

    async def all(self) -> list[Workspace]:
        """In order of creation."""
        return await self._store.workspace.all()

    async def refuse_other_regions(self) -> None:
        """Raises Unavailable where the database holds another region's workspaces."""
        others = sorted({workspace.region for workspace in await self.all()} - {self._region})
        if others:
            raise Unavailable(
                f"the database holds workspaces of region {', '.join(others)}, "
                f"and was opened as region {self._region}'s: "
                f"name the region they live in, or give {self._region} a database of its own"
            )

    async def find(self, workspace_id: str) -> Workspace | None:
        return await self._store.workspace.find(workspace_id)

    async def create(
        self,
        name: str,
        *,
        api_version: str = DEFAULT_API_VERSION,
        timezone: str = "UTC",
        admin_email: str = "admin@example.com",
        admin_name: str = "Admin",
        author: Author = SYSTEM,
    ) -> Workspace:
        """A new workspace with its first admin. Raises Invalid."""
        if not name.strip() or len(name) > 255:
            raise Invalid("a workspace's name has 1 to 255 characters", "name")
        check_admin(admin_email, admin_name)
        workspace = Workspace(self._ids.code(), self._region, name, api_version, timezone, 1, self._clock())
        admin = Admin("1", workspace.id, admin_email, admin_name)
        logged = self._log.first(workspace.id, [of_admin(admin)], author)
        await self._store.workspace.add(workspace, [admin], logged)
        return workspace

    async def set_api_version(self, workspace_id: str, name: str) -> Workspace:
        """Answer clients that name no version in this one. Raises NotFound."""
        workspace = await self.find(workspace_id)
        if workspace is None:
            raise NotFound("there is no such workspace")
        if workspace.api_version == name:
            return workspace
        await self._store.workspace.set_api_version(workspace_id, name)
        changed = await self.find(workspace_id)
        assert changed is not None
        return changed
