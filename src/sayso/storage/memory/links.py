"""The rows of contacts' links, in memory."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from sayso.domain.links import LinkRows, Membership, MergeRecord, Note, NoteTime, Tagging
from sayso.storage.memory.contact import MemoryContactStore


class MemoryLinkStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def tags(self, workspace_id: str, contact_id: str) -> tuple[Tagging, ...]:
        return (await self.of(workspace_id, contact_id)).tags

    async def of(self, workspace_id: str, contact_id: str, notes: Sequence[str] = ()) -> LinkRows:
        rows = self._contacts.linked.get((workspace_id, contact_id), {}).values()
        linked = [row for row in rows if isinstance(row, (Tagging, Membership))]
        times = [NoteTime(row.id, row.created_at) for row in rows if isinstance(row, Note) and row.id in notes]
        return LinkRows.of(*linked, *times)

    async def merges(
        self, workspace_id: str, contact_id: str, after: tuple[int, str] | None, limit: int, *, newest_first: bool
    ) -> list[MergeRecord]:
        rows = self._contacts.linked.get((workspace_id, contact_id), {}).values()
        merges = [row for row in rows if isinstance(row, MergeRecord)]
        merges.sort(key=lambda row: (row.merged_at, row.source_id), reverse=newest_first)
        beyond = operator.lt if newest_first else operator.gt
        return [row for row in merges if after is None or beyond((row.merged_at, row.source_id), after)][:limit]
