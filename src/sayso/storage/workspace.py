"""Workspaces and their admins, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.settings_log import SettingsEntry
from sayso.storage.engine import Engine, Statement
from sayso.storage.settings_log import append_statement

#: What every change of a small table runs first, so that other processes read what changed. The rows that it changes
#: are stamped with the new version afterwards: the statement keeps others from raising it until the change is
#: committed, so that no two changes get the same stamp.
RAISE_VERSION = """UPDATE workspaces SET version = version + 1, stamped_changes = stamped_changes + 1
WHERE workspace_id = $1"""

#: The same for a change that was decided on all of a small table: nothing of it has changed since a version.
RAISE_VERSION_FROM = f"{RAISE_VERSION} AND version = $2"

_VERSION = "SELECT version FROM workspaces WHERE workspace_id = $1"

_FIND = """SELECT workspace_id, region, name, api_version, timezone, version, created_at, version - stamped_changes
FROM workspaces WHERE workspace_id = $1"""

_ALL = """SELECT workspace_id, region, name, api_version, timezone, version, created_at, version - stamped_changes
FROM workspaces ORDER BY created_at, workspace_id"""

_INSERT = """INSERT INTO workspaces (workspace_id, region, name, api_version, timezone, version, created_at,
stamped_changes) VALUES ($1, $2, $3, $4, $5, $6, $7, $6)"""

_SET_API_VERSION = """UPDATE workspaces SET version = version + 1, stamped_changes = stamped_changes + 1,
api_version = $2 WHERE workspace_id = $1"""

_INSERT_ADMIN = """INSERT INTO admins (workspace_id, admin_id, email, name, changed_version)
VALUES ($1, $2, $3, $4, $5)"""


class SqlWorkspaceStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def version(self, workspace_id: str) -> int | None:
        rows = await self._engine.read(_VERSION, workspace_id)
        return rows[0][0] if rows else None

    async def find(self, workspace_id: str) -> Workspace | None:
        rows = await self._engine.read(_FIND, workspace_id)
        return Workspace(*rows[0]) if rows else None

    async def all(self) -> list[Workspace]:
        return [Workspace(*row) for row in await self._engine.read(_ALL)]

    async def add(self, workspace: Workspace, admins: Sequence[Admin], logged: Sequence[SettingsEntry]) -> None:
        home = (workspace.id, workspace.region)
        facts = (workspace.name, workspace.api_version, workspace.timezone, workspace.version, workspace.created_at)
        writes = [Statement(_INSERT, (*home, *facts))]
        writes += [
            Statement(_INSERT_ADMIN, (workspace.id, admin.id, admin.email, admin.name, workspace.version))
            for admin in admins
        ]
        writes += [append_statement(entry) for entry in logged]
        await self._engine.commit(writes)

    async def set_api_version(self, workspace_id: str, name: str) -> None:
        await self._engine.commit([Statement(_SET_API_VERSION, (workspace_id, name), True)])
