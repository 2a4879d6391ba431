"""Answers kept under a caller's key, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.domain.idempotency import IdempotencyRecord, kept_times
from sayso.storage.engine import Engine, Statement

_FIND = "SELECT fingerprint, status, body, at FROM idempotency WHERE workspace_id = $1 AND key = $2"

_FORGET = "DELETE FROM idempotency WHERE workspace_id || '' = $1 AND (at < $2 OR at > $3)"

_KEEP = """INSERT INTO idempotency (workspace_id, key, fingerprint, status, body, at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, key) DO NOTHING"""


class SqlIdempotencyStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, workspace_id: str, key: str) -> IdempotencyRecord | None:
        rows = await self._engine.read(_FIND, workspace_id, key)
        return IdempotencyRecord(workspace_id, key, *rows[0]) if rows else None


def keeping(record: IdempotencyRecord) -> Iterator[Statement]:
    """What keeps a record, in the transaction of what it answers for, and forgets those that are too old."""
    yield Statement(_FORGET, (record.workspace_id, *kept_times(record.at)), bulk=True)
    place = (record.workspace_id, record.key)
    yield Statement(_KEEP, (*place, record.fingerprint, record.status, record.body, record.at), True)
