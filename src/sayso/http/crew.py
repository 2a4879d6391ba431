"""A crew: the processes that serve on one socket, and what they share in memory.

Each member writes rows of its own alone and reads those of all, so that nothing is locked; a member that died is
replaced by one that goes on in its rows. All of them are forked by one parent: the memory is inherited.
"""

from __future__ import annotations

from collections.abc import Sequence

from sayso.http.shared_memory import rows
from sayso.http.shared_tally import SharedTally
from sayso.http.shared_windows import SharedWindows
from sayso.http.tally import Tally

_PID, _CONNECTIONS = 0, 1


class Crew:
    """Made by the parent, before it forks. `per_minute`: the rate limit of all members together."""

    def __init__(self, members: int, per_minute: int) -> None:
        self._facts = rows(members, 2)
        self._windows = SharedWindows.tables(members)
        self._tallies = SharedTally.tables(members)
        self._per_minute = per_minute
        self.members = members

    def member(self, number: int, pid: int) -> Member:
        """What the process with this id has of the crew; it takes the place of one that had the number before."""
        self._facts[number][_PID], self._facts[number][_CONNECTIONS] = pid, 0
        windows = SharedWindows(self._per_minute, self._windows, number)
        return Member(number, self._facts, windows, SharedTally(self._tallies, number))


class Member:
    """One process of a crew."""

    def __init__(self, number: int, facts: Sequence[memoryview], windows: SharedWindows, tally: SharedTally) -> None:
        self.number = number
        self._mine = facts[number]
        self._facts = facts
        self.windows = windows
        self.tally = tally

    @property
    def pids(self) -> list[int]:
        """Of all members that have begun."""
        return [row[_PID] for row in self._facts if row[_PID]]

    def tallied(self) -> Tally:
        """What all members have done, those that died too."""
        return self.tally.sum()

    def told(self, connections: int) -> None:
        """Let the others know how many connections this one has."""
        self._mine[_CONNECTIONS] = connections

    def is_busier(self) -> bool:
        """Whether another member has fewer connections."""
        return self._mine[_CONNECTIONS] > min(row[_CONNECTIONS] for row in self._facts)
