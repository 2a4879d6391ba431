"""Admins, as rows."""

from __future__ import annotations

from sayso.domain.admin import Admin
from sayso.domain.settings_log import SettingsEntry
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.settings_log import append_statement
from sayso.storage.workspace import RAISE_VERSION

_COLUMNS = "admin_id, workspace_id, email, name"

_ALL = f"SELECT {_COLUMNS} FROM admins WHERE workspace_id = $1"

_CHANGED = f"SELECT {_COLUMNS} FROM admins WHERE workspace_id || '' = $1 AND changed_version > $2"

_IDS = "SELECT admin_id FROM admins WHERE workspace_id = $1 ORDER BY admin_id"

_INSERT = """INSERT INTO admins (workspace_id, admin_id, email, name, changed_version)
SELECT $1, $2, $3, $4, version FROM workspaces WHERE workspace_id = $1
ON CONFLICT (workspace_id, admin_id) DO NOTHING"""


class SqlAdminStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[Admin]:
        return _in_order(await self._engine.read(_ALL, workspace_id))

    async def changed(self, workspace_id: str, since: int) -> list[Admin]:
        return _in_order(await self._engine.read(_CHANGED, workspace_id, since))

    async def ids(self, workspace_id: str) -> list[str | None]:
        return [str(row[0]) if row else None for row in await self._engine.salvage(_IDS, workspace_id)]

    async def add(self, admin: Admin, logged: SettingsEntry) -> None:
        row = (admin.workspace_id, admin.id, admin.email, admin.name)
        raised = Statement(RAISE_VERSION, (admin.workspace_id,), True)
        await self._engine.commit([raised, Statement(_INSERT, row, True), append_statement(logged)])


def _in_order(rows: list[Row]) -> list[Admin]:
    return sorted((Admin(*row) for row in rows), key=lambda admin: int(admin.id))
