"""Contacts' links, packed and as rows, in memory, as verification reads them."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.links import LinkRow, Membership, Note, Tagging
from sayso.service.ports import Unreadable
from sayso.service.ports_links import LinkKey, LinkTable, PackedRow
from sayso.storage.memory.contact import MemoryContactStore

_KINDS: dict[LinkTable, type[LinkRow]] = {"contact_tags": Tagging, "contact_companies": Membership, "notes": Note}


class MemoryLinkRowStore:
    """A note's id leads to wherever the note is: there is no second copy of that."""

    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def packed(self, workspace_id: str, after: str, limit: int) -> list[PackedRow | Unreadable]:
        ids = [head.id for head in await self._contacts.heads(workspace_id) if head.id > after]
        found = [await self.named(workspace_id, contact_id) for contact_id in ids[:limit]]
        return [row for row in found if row]

    async def named(self, workspace_id: str, contact_id: str) -> PackedRow | Unreadable | None:
        contact = await self._contacts.find(workspace_id, contact_id)
        return PackedRow(contact_id, contact.head.revision, *contact.links.packed()) if contact else None

    async def rows(
        self, workspace_id: str, table: LinkTable, after: str, upto: str | None
    ) -> list[LinkKey | Unreadable]:
        return [
            (contact_id, linked)
            for contact_id, linked in self._linked(workspace_id, table)
            if contact_id > after and (upto is None or contact_id <= upto)
        ]

    async def ways(self, workspace_id: str, after: int, limit: int) -> list[LinkKey | Unreadable]:
        notes = [key for key in self._linked(workspace_id, "notes") if int(key[1]) > after]
        return [*sorted(notes, key=lambda key: int(key[1]))[:limit]]

    async def ways_from(self, workspace_id: str, note_ids: Sequence[str]) -> list[LinkKey | Unreadable]:
        return [key for key in self._linked(workspace_id, "notes") if key[1] in note_ids]

    async def notes(
        self, workspace_id: str, contact_ids: Sequence[str], first: int, last: int
    ) -> list[LinkKey | Unreadable]:
        notes = self._linked(workspace_id, "notes")
        return [key for key in notes if key[0] in contact_ids and first <= int(key[1]) <= last]

    def _linked(self, workspace_id: str, table: LinkTable) -> list[LinkKey]:
        return [
            (contact_id, linked)
            for (owner, contact_id), rows in self._contacts.linked.items()
            for kind, linked in rows
            if owner == workspace_id and kind is _KINDS[table]
        ]
