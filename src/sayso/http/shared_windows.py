"""Rate limits that several processes count together: each in a table of its own, which the others read."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.http.shared_memory import rows
from sayso.http.windows import CLIENT, WINDOW, Windows

#: How many keys of a kind a member's table has room for, and how many places are tried for one.
SLOTS = 1 << 17
TRIES = 16

#: Members may together let through so much more than the limit: one in so many.
SLACK = 20

# A slot holds, from above, its window's number, a mark of its key, and the count: 20, 24 and 20 bits.
_LAST = SLOTS - 1
_COUNT = (1 << 20) - 1
_KEY = ((1 << 24) - 1) << 20
_WINDOW = (1 << 20) - 1


class _Tables:
    """Those of all members, of one kind of keys."""

    def __init__(self, tables: Sequence[memoryview], number: int) -> None:
        self.mine = tables[number]
        self.others = [table for at, table in enumerate(tables) if at != number]


class SharedWindows(Windows):
    """Each member tells its own count, and asks for those of the others, every `_step` requests with a key.

    Nothing is removed from a table within a window, so that a slot of an earlier one ends the search for a key; and a
    key's hash is the same in processes that were forked from one.
    """

    def __init__(self, per_minute: int, tables: Sequence[memoryview], number: int) -> None:
        super().__init__(per_minute)
        # Clients have a half of their own, so that very many of them take no token's place.
        self._of_tokens = _Tables([table[:SLOTS] for table in tables], number)
        self._of_clients = _Tables([table[SLOTS:] for table in tables], number)
        self._step = max(1, self.limit // (SLACK * len(tables)))
        self._limited = per_minute != 0
        self._present = 0
        self._before: dict[str, int] = {}
        self._inherited: dict[str, int] = {}

    @staticmethod
    def tables(members: int) -> Sequence[memoryview]:
        """An empty table for each member."""
        return rows(members, 2 * SLOTS)

    def spend(self, key: str, now: int) -> int:
        left = super().spend(key, now)
        if not self._limited:
            return left
        count = self.limit - left
        if now // (WINDOW * 1000) != self._present:
            self._present, self._before, self._inherited = now // (WINDOW * 1000), {}, {}
        # A key for which there was no room is not counted here either.
        if (count == 1 or count % self._step == 0) and key in self._counts:
            self._before[key] = self._elsewhere(key, count)
        return left - self._before.get(key, 0)

    def left(self, key: str, now: int) -> int:
        left = super().left(key, now)
        return left - self._before.get(key, 0) if now // (WINDOW * 1000) == self._present else left

    def _elsewhere(self, key: str, count: int) -> int:
        """Tell how many this member has; how many the others have, and one in whose place this one is had."""
        tables = self._of_clients if key.startswith(CLIENT) else self._of_tokens
        hashed = hash(key)
        at, mark = hashed & _LAST, (self._present & _WINDOW) << 44 | hashed >> 3 & _KEY
        place = _place(tables.mine, at, mark)
        if count == 1:
            self._inherited[key] = _count(tables.mine, place, mark)
        inherited = self._inherited[key]
        if place >= 0:
            tables.mine[place] = mark | min(inherited + count, _COUNT)
        return inherited + sum(_count(table, _place(table, at, mark), mark) for table in tables.others)


def _count(table: memoryview, place: int, mark: int) -> int:
    """A key's count in its slot; 0 where it has none."""
    word = table[place] if place >= 0 else 0
    return word & _COUNT if word ^ mark <= _COUNT else 0


def _place(table: memoryview, at: int, mark: int) -> int:
    """Where a key's slot is, or could be; below 0 where there is no room for it."""
    for _ in range(TRIES):
        word = table[at]
        if word ^ mark <= _COUNT or word >> 44 != mark >> 44:
            return at
        at = at + 1 & _LAST
    return -1
