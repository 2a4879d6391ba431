"""Idempotency: a request that comes twice under one key acts once."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain.age import CLOCK_SKEW, is_within

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
        return is_within(KEPT_FOR, self.at, now)


def kept_times(now: int) -> tuple[int, int]:
    """The first and the last `at` of records that are kept, in ms."""
    return now - KEPT_FOR + 1, now + CLOCK_SKEW
