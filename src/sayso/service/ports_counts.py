"""What verification reads of the counts of contacts, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    # One port names the other's.
    from sayso.service.ports import Unreadable

#: A number for each (state, role).
Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class CountRow:
    """One part of a count as it lies in the store, unchecked."""

    part: int
    state: str
    role: str
    contacts: int


class CountedRange(NamedTuple):
    """What the rows of a range of contacts add up to. `upto` is the last id of the range; None when no more follow."""

    counts: Counts
    upto: str | None


class ContactCountStore(Protocol):
    """How many contacts a workspace has in each state and role."""

    async def kept(self, workspace_id: str) -> list[CountRow | Unreadable]:
        """The counts that each change of a contact updates."""

    async def counted(self, workspace_id: str, after: str, limit: int) -> CountedRange:
        """Count the rows of at most `limit` contacts after an id."""
