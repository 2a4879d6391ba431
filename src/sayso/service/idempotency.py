"""Idempotency: answers kept under a caller's key, and given again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sayso.domain.errors import KeyReused
from sayso.domain.idempotency import IdempotencyRecord
from sayso.service.ports import Clock, Store
from sayso.service.turns import Turns


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a request. `kept` is the answer it got before, if it did; `key` is None where the caller sent none."""

    workspace_id: str
    key: str | None
    fingerprint: str
    at: int
    kept: IdempotencyRecord | None = None

    def record(self, status: int, body: str) -> IdempotencyRecord | None:
        """The answer, to be kept in the transaction that it tells about."""
        if self.key is None:
            return None
        return IdempotencyRecord(self.workspace_id, self.key, self.fingerprint, status, body, self.at)


class IdempotencyService:
    """Requests under one key take turns here; between processes the key's row decides, and the loser must retry."""

    def __init__(self, store: Store, turns: Turns, clock: Clock) -> None:
        self._store = store
        self._turns = turns
        self._clock = clock

    @asynccontextmanager
    async def attempt(self, workspace_id: str, key: str | None, fingerprint: str) -> AsyncIterator[Attempt]:
        """Raises KeyReused when the key was used for another request less than a day ago."""
        now = self._clock()
        if key is None:
            yield Attempt(workspace_id, None, fingerprint, now)
            return
        async with self._turns.of(workspace_id, key):
            kept = await self._store.idempotency.find(workspace_id, key)
            if kept is not None and not kept.is_kept(now):
                kept = None
            if kept is not None and kept.fingerprint != fingerprint:
                raise KeyReused("This Idempotency-Key was used for another request: send a new key")
            yield Attempt(workspace_id, key, fingerprint, now, kept)
