"""Admins: listed, found, made."""

from __future__ import annotations

from sayso.domain import admin as rules
from sayso.domain.act import SYSTEM, Author
from sayso.domain.admin import Admin
from sayso.domain.errors import AdminNotFound
from sayso.domain.settings_log import of_admin
from sayso.service.decided import decided
from sayso.service.ports import Store
from sayso.service.settings_log import SettingsLog
from sayso.service.snapshot import Snapshots


class AdminService:
    def __init__(self, store: Store, snapshots: Snapshots, log: SettingsLog) -> None:
        self._store = store
        self._snapshots = snapshots
        self._log = log

    async def all(self, workspace_id: str) -> list[Admin]:
        """In order of creation, as the store has them now."""
        return list((await self._snapshots.required(workspace_id)).admins)

    async def find(self, workspace_id: str, admin_id: str) -> Admin:
        """Raises AdminNotFound."""
        for admin in await self.all(workspace_id):
            if admin.id == admin_id:
                return admin
        raise AdminNotFound("there is no such admin")

    async def create(self, workspace_id: str, email: str, name: str, *, author: Author = SYSTEM) -> Admin:
        """A further admin of a workspace. Raises Invalid, Conflict where the email is another's, NotFound."""

        async def decide() -> Admin | None:
            return rules.create(workspace_id, email, name, await self.all(workspace_id))

        async def commit(made: Admin) -> None:
            await self._store.admin.add(made, await self._log.next(workspace_id, of_admin(made), author))

        made = await decided(decide, commit)
        assert made is not None
        await self._snapshots.renew(workspace_id)
        return made
