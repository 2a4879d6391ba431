"""Tallies: how many requests came to what, and how long they took; cheap enough for every request."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

#: Upper bounds of the buckets, in seconds.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Tally:
    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the pattern, never the path: paths hold ids."""
        self.requests[method, route, status] += 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds
