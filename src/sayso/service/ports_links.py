"""What verification reads of contacts' links, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    # One port names the other's.
    from sayso.service.ports import Unreadable

#: Tables with a row for each link of a contact.
LinkTable = Literal["contact_tags", "contact_companies", "notes"]

#: A row by its contact's id and what it links the contact with: the id of a tag, a company or a note.
LinkKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PackedRow:
    """What a contact's row says of its links, unchecked."""

    contact_id: str
    revision: int
    tags: str
    companies: str
    notes: str


class LinkRowStore(Protocol):
    """Contacts in any state; `after` is exclusive, `upto` inclusive, None for no end."""

    async def packed(self, workspace_id: str, after: str, limit: int) -> list[PackedRow | Unreadable]:
        """Contacts after an id, in that order."""

    async def named(self, workspace_id: str, contact_id: str) -> PackedRow | Unreadable | None: ...

    async def rows(
        self, workspace_id: str, table: LinkTable, after: str, upto: str | None
    ) -> list[LinkKey | Unreadable]:
        """The rows of a range of contacts, in any order."""

    async def ways(self, workspace_id: str, after: int, limit: int) -> list[LinkKey | Unreadable]:
        """What leads from a note's id to its contact: notes after a number, in that order."""

    async def ways_from(self, workspace_id: str, note_ids: Sequence[str]) -> list[LinkKey | Unreadable]: ...

    async def notes(
        self, workspace_id: str, contact_ids: Sequence[str], first: int, last: int
    ) -> list[LinkKey | Unreadable]:
        """The rows of these contacts' notes whose numbers are from `first` to `last`."""
