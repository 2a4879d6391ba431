"""Idempotency: a request that comes twice under one key acts once."""

from __future__ import annotations

from dataclasses import dataclass

#: For how long an answer is kept under its key, in ms: 24 hours.
KEPT_FOR = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The answer to a request that came with a key. `fingerprint` tells the request from others; `at` in ms."""

    workspace_id: str
    key: str
    fingerprint: str
    status: int
    body: str
    at: int

    def is_kept(self, now: int) -> bool:
        return self.at > now - KEPT_FOR
