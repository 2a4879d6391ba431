"""A tally that several processes keep together: each counts in a row of its own, and any of them can add them up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from sayso.http.shared_memory import rows
from sayso.http.tally import BUCKETS, Tally

#: How many kinds of requests (method, route, status) a member can tell apart, and how long the name of one may be.
KINDS = 4_096
NAME = 120

#: What is counted where there is no room for more kinds.
OTHER = ("", "", 0)


class Row(NamedTuple):
    """A member's: `known` kinds have a name and a count, in the order in which they came."""

    known: memoryview
    names: memoryview
    counts: memoryview
    buckets: memoryview
    nanoseconds: memoryview


class SharedTally(Tally):
    """Only `count` and `sum` mean something here; one that takes the place of another goes on with its counts."""

    def __init__(self, table: Sequence[Row], number: int) -> None:
        super().__init__()
        self._table = table
        self._row = table[number]
        self._places = {kind: place for place, (kind, _) in enumerate(_counted(self._row))}

    @staticmethod
    def tables(members: int) -> Sequence[Row]:
        """An empty row for each member."""
        buckets = len(BUCKETS) + 1
        names = [row.cast("B") for row in rows(members, KINDS * NAME // 8)]
        numbers = (rows(members, 1), names, rows(members, KINDS), rows(members, buckets), rows(members, 1))
        return [Row(*row) for row in zip(*numbers, strict=True)]

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        row = self._row
        place = self._places.get((method, route, status))
        row.counts[self._place((method, route, status)) if place is None else place] += 1
        row.buckets[bisect_left(BUCKETS, seconds)] += 1
        row.nanoseconds[0] += int(seconds * 1e9)

    def sum(self) -> Tally:
        """What all members have counted, together."""
        total = Tally()
        for row in self._table:
            for kind, count in _counted(row):
                total.requests[kind] += count
            total.buckets = [a + b for a, b in zip(total.buckets, row.buckets, strict=True)]
            total.seconds += row.nanoseconds[0] / 1e9
        return total

    def _place(self, kind: tuple[str, str, int]) -> int:
        """A new kind's place; where there is none, that of all others."""
        name = "\0".join(map(str, kind)).encode()
        place = self._row.known[0]
        if kind != OTHER and (len(name) > NAME or place >= KINDS - 1):
            return self._places[OTHER] if OTHER in self._places else self._place(OTHER)
        # To its end: one that died here before it was told may have left a longer name.
        self._row.names[place * NAME : (place + 1) * NAME] = name.ljust(NAME, b"\0")
        # Told last: until then nobody reads the name.
        self._row.known[0] = place + 1
        self._places[kind] = place
        return place


def _counted(row: Row) -> list[tuple[tuple[str, str, int], int]]:
    """The kinds of a row with their counts."""
    found = []
    for place in range(row.known[0]):
        name = bytes(row.names[place * NAME : (place + 1) * NAME]).rstrip(b"\0").decode()
        method, route, status = name.split("\0")
        found.append(((method, route, int(status)), row.counts[place]))
    return found
