"""Answers kept under callers' keys, in memory."""

from __future__ import annotations

from sayso.domain.errors import Stale
from sayso.domain.idempotency import IdempotencyRecord


class MemoryIdempotencyStore:
    def __init__(self) -> None:
        self._records: dict[tuple[str, str], IdempotencyRecord] = {}

    async def find(self, workspace_id: str, key: str) -> IdempotencyRecord | None:
        return self._records.get((workspace_id, key))

    def keep(self, record: IdempotencyRecord) -> None:
        kept = self._records.items()
        self._records = {place: old for place, old in kept if old.is_kept(record.at)}
        if (record.workspace_id, record.key) in self._records:
            raise Stale("somebody was faster")
        self._records[record.workspace_id, record.key] = record
