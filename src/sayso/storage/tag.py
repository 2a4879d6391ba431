"""Tags, as rows."""

from __future__ import annotations

from sayso.domain.tag import Tag, TagChange, TagState
from sayso.storage.engine import Engine, Statement
from sayso.storage.workspace import RAISE_VERSION_FROM

_LIVE = """SELECT tag_id, name, state, revision, created_at, updated_at FROM tags
WHERE workspace_id = $1 AND state = 'live' ORDER BY tag_id"""

_LAST = "SELECT tag_id FROM tags WHERE workspace_id = $1 ORDER BY tag_id DESC LIMIT 1"

_INSERT = """INSERT INTO tags (workspace_id, tag_id, name, state, revision, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace_id, tag_id) DO NOTHING"""

_SWAP = """UPDATE tags SET name = $1, state = $2, revision = $3, updated_at = $4
WHERE workspace_id = $5 AND tag_id = $6 AND revision = $7"""


class SqlTagStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[Tag]:
        rows = await self._engine.read(_LIVE, workspace_id)
        return [Tag(workspace_id, str(number), name, TagState(state), *facts) for number, name, state, *facts in rows]

    async def last(self, workspace_id: str) -> int:
        rows = await self._engine.read(_LAST, workspace_id)
        return int(rows[0][0]) if rows else 0

    async def commit(self, change: TagChange, version: int) -> None:
        before, after = change
        key = (after.workspace_id, int(after.id))
        if before is None:
            row = (*key, after.name, after.state, after.revision, after.created_at, after.updated_at)
            written = Statement(_INSERT, row, True)
        else:
            facts = (after.name, after.state, after.revision, after.updated_at)
            written = Statement(_SWAP, (*facts, *key, before.revision), True)
        await self._engine.commit([written, Statement(RAISE_VERSION_FROM, (after.workspace_id, version), True)])
