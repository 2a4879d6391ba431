"""Data attributes of a workspace's own, as rows."""

from __future__ import annotations

import json

from sayso.domain.data_attribute import AttributeChange, DataAttribute, DataType, Model
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.workspace import RAISE_VERSION_FROM

_COLUMNS = """attribute_id, model, name, data_type, description, options, messenger_writable, archived,
admin_id, revision, created_at, updated_at"""

_ALL = f"SELECT {_COLUMNS} FROM data_attributes WHERE workspace_id = $1 ORDER BY attribute_id"

_CHANGED = f"SELECT {_COLUMNS} FROM data_attributes WHERE workspace_id || '' = $1 AND changed_version > $2"

_INSERT = """INSERT INTO data_attributes (workspace_id, attribute_id, model, name, data_type, description, options,
messenger_writable, archived, admin_id, revision, created_at, updated_at, changed_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (workspace_id, attribute_id) DO NOTHING"""

_SWAP = """UPDATE data_attributes SET description = $1, options = $2, messenger_writable = $3, archived = $4,
revision = $5, updated_at = $6, changed_version = $7
WHERE workspace_id = $8 AND attribute_id = $9 AND revision = $10"""


class SqlDataAttributeStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[DataAttribute]:
        return [_attribute(workspace_id, row) for row in await self._engine.read(_ALL, workspace_id)]

    async def changed(self, workspace_id: str, since: int) -> list[DataAttribute]:
        return [_attribute(workspace_id, row) for row in sorted(await self._engine.read(_CHANGED, workspace_id, since))]

    async def commit(self, change: AttributeChange, version: int) -> None:
        raised = Statement(RAISE_VERSION_FROM, (change.after.workspace_id, version), True)
        await self._engine.commit([raised, _written(change, version + 1)])


def _attribute(workspace_id: str, row: Row) -> DataAttribute:
    number, model, name, data_type, description, options, writable, archived, *facts = row
    kind = (Model(model), name, DataType(data_type), description, tuple(json.loads(options)))
    return DataAttribute(workspace_id, number, *kind, bool(writable), bool(archived), *facts)


def _written(change: AttributeChange, version: int) -> Statement:
    before, after = change
    options = json.dumps(after.options, ensure_ascii=False, separators=(",", ":"))
    key = (after.workspace_id, after.id)
    switches = (int(after.messenger_writable), int(after.archived))
    if before is not None:
        facts = (after.description, options, *switches, after.revision, after.updated_at, version)
        return Statement(_SWAP, (*facts, *key, before.revision), True)
    kind = (after.model, after.name, after.data_type, after.description, options)
    times = (after.revision, after.created_at, after.updated_at)
    return Statement(_INSERT, (*key, *kind, *switches, after.admin_id, *times, version), True)
