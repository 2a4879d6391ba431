"""The settings log, as rows."""

from __future__ import annotations

from sayso.domain.settings_log import SettingsEntry, SettingsHead
from sayso.service.ports_settings import StoredSetting
from sayso.storage.engine import Engine, Row, Statement

# Whoever writes a number first has it: the others read the chain's new end and try again.
APPEND = """INSERT INTO settings_log (workspace_id, seq, id, kind, object_id, revision, sha256, at,
actor_kind, actor_ref, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (workspace_id, seq) DO NOTHING"""

HEAD = "SELECT seq, hash, at FROM settings_log WHERE workspace_id = $1 ORDER BY seq DESC LIMIT 1"

_ROWS = """SELECT seq, id, kind, object_id, revision, sha256, at, actor_kind, actor_ref, prev, hash FROM settings_log
WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"""


class SqlSettingsLogStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def head(self, workspace_id: str) -> SettingsHead:
        rows = await self._engine.read(HEAD, workspace_id)
        return SettingsHead(*rows[0]) if rows else SettingsHead()

    async def rows(self, workspace_id: str, after: int, limit: int) -> list[StoredSetting | None]:
        return [_stored(workspace_id, row) for row in await self._engine.salvage(_ROWS, workspace_id, after, limit)]


def append_statement(entry: SettingsEntry) -> Statement:
    """The write that goes with a change, in its transaction: after the workspace's version in all of them, so that no
    two wait for each other."""
    return Statement(APPEND, packed(entry), True)


def packed(entry: SettingsEntry) -> Row:
    """An entry as `APPEND` takes it."""
    workspace_id, seq, id_, *facts, prev = entry
    return (workspace_id, seq, bytes.fromhex(id_), *facts, prev, entry.hash())


def _stored(workspace_id: str, row: Row | None) -> StoredSetting | None:
    if row is None or not isinstance(row[0], int) or not isinstance(row[1], bytes):
        return None
    seq, id_, *facts, prev, hash_ = row
    kind, object_id, revision, sha256, at, actor_kind, actor_ref = facts
    about = (kind, object_id, revision, sha256, at, actor_kind, actor_ref)
    return StoredSetting(SettingsEntry(workspace_id, seq, id_.hex(), *about, prev), hash_)
