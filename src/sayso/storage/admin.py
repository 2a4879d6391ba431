"""Admins, as rows."""

from __future__ import annotations

from sayso.domain.admin import Admin
from sayso.storage.engine import Engine, Statement
from sayso.storage.workspace import RAISE_VERSION

_ALL = "SELECT admin_id, workspace_id, email, name FROM admins WHERE workspace_id = $1"

_INSERT = """INSERT INTO admins (workspace_id, admin_id, email, name) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, admin_id) DO NOTHING"""


class SqlAdminStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[Admin]:
        found = [Admin(*row) for row in await self._engine.read(_ALL, workspace_id)]
        return sorted(found, key=lambda admin: int(admin.id))

    async def add(self, admin: Admin) -> None:
        row = (admin.workspace_id, admin.id, admin.email, admin.name)
        raised = Statement(RAISE_VERSION, (admin.workspace_id,), True)
        await self._engine.commit([Statement(_INSERT, row, True), raised])
