"""The rows of contacts' links, in memory."""

from __future__ import annotations

from sayso.domain.links import NEWEST, LinkRows, MergeRecord, Tagging
from sayso.storage.memory.contact import MemoryContactStore


class MemoryLinkStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def tags(self, workspace_id: str, contact_id: str) -> tuple[Tagging, ...]:
        return (await self.of(workspace_id, contact_id)).tags

    async def of(self, workspace_id: str, contact_id: str) -> LinkRows:
        rows = LinkRows.of(*self._contacts.linked.get((workspace_id, contact_id), {}).values())
        return rows._replace(notes=rows.notes[-NEWEST:])

    async def merges(self, workspace_id: str, contact_id: str) -> list[MergeRecord]:
        rows = self._contacts.linked.get((workspace_id, contact_id), {}).values()
        merges = [row for row in rows if isinstance(row, MergeRecord)]
        return sorted(merges, key=lambda row: (row.merged_at, row.source_id))
