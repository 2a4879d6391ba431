"""Open scrolls, as rows: one in a workspace."""

from __future__ import annotations

from sayso.domain.scroll import Scroll
from sayso.storage.engine import Engine, Statement

_FIND = "SELECT scroll, place, used_at, revision FROM scrolls WHERE workspace_id = $1"

_INSERT = """INSERT INTO scrolls (workspace_id, scroll, place, used_at, revision) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id) DO NOTHING"""

_SWAP = """UPDATE scrolls SET scroll = $1, place = $2, used_at = $3, revision = $4
WHERE workspace_id = $5 AND scroll = $6 AND revision = $7"""

_CLOSE = "DELETE FROM scrolls WHERE workspace_id = $1 AND scroll = $2 AND revision = $3"


class SqlScrollStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, workspace_id: str) -> Scroll | None:
        for scroll, place, used_at, revision in await self._engine.read(_FIND, workspace_id):
            return Scroll(workspace_id, scroll, place.hex(), used_at, revision)
        return None

    async def commit(self, before: Scroll | None, after: Scroll) -> None:
        row = (after.id, bytes.fromhex(after.place), after.used_at, after.revision)
        if before is None:
            await self._engine.commit([Statement(_INSERT, (after.workspace_id, *row), True)])
        else:
            await self._engine.commit([Statement(_SWAP, (*row, *_key(before)), True)])

    async def close(self, before: Scroll) -> None:
        await self._engine.commit([Statement(_CLOSE, _key(before), True)])


def _key(held: Scroll) -> tuple[str, str, int]:
    return held.workspace_id, held.id, held.revision
