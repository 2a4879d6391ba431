"""Tags, as rows."""

from __future__ import annotations

from sayso.domain.tag import Tag, TagChange, TagState
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.workspace import RAISE_VERSION_FROM

_COLUMNS = "tag_id, name, state, revision, created_at, updated_at"

_LIVE = f"SELECT {_COLUMNS} FROM tags WHERE workspace_id = $1 AND state = 'live' ORDER BY tag_id"

_CHANGED = f"SELECT {_COLUMNS} FROM tags WHERE workspace_id || '' = $1 AND changed_version > $2"

_LAST = "SELECT tag_id FROM tags WHERE workspace_id = $1 ORDER BY tag_id DESC LIMIT 1"

_INSERT = """INSERT INTO tags (workspace_id, tag_id, name, state, revision, created_at, updated_at, changed_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace_id, tag_id) DO NOTHING"""

_SWAP = """UPDATE tags SET name = $1, state = $2, revision = $3, updated_at = $4, changed_version = $5
WHERE workspace_id = $6 AND tag_id = $7 AND revision = $8"""


class SqlTagStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[Tag]:
        return _tags(workspace_id, await self._engine.read(_LIVE, workspace_id))

    async def changed(self, workspace_id: str, since: int) -> list[Tag]:
        return _tags(workspace_id, sorted(await self._engine.read(_CHANGED, workspace_id, since)))

    async def last(self, workspace_id: str) -> int:
        rows = await self._engine.read(_LAST, workspace_id)
        return int(rows[0][0]) if rows else 0

    async def commit(self, change: TagChange, version: int) -> None:
        before, after = change
        key = (after.workspace_id, int(after.id))
        if before is None:
            row = (*key, after.name, after.state, after.revision, after.created_at, after.updated_at, version + 1)
            written = Statement(_INSERT, row, True)
        else:
            facts = (after.name, after.state, after.revision, after.updated_at, version + 1)
            written = Statement(_SWAP, (*facts, *key, before.revision), True)
        await self._engine.commit([Statement(RAISE_VERSION_FROM, (after.workspace_id, version), True), written])


def _tags(workspace_id: str, rows: list[Row]) -> list[Tag]:
    return [Tag(workspace_id, str(number), name, TagState(state), *facts) for number, name, state, *facts in rows]
