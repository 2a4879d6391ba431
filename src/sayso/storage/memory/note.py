"""Notes, in memory."""

from __future__ import annotations

from sayso.domain.links import Note
from sayso.storage.memory.contact import MemoryContactStore


class MemoryNoteStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts
        self._next: dict[str, int] = {}

    async def page(self, workspace_id: str, contact_id: str, offset: int, limit: int) -> list[Note]:
        rows = self._contacts.linked.get((workspace_id, contact_id), {}).values()
        notes = [row for row in rows if isinstance(row, Note)]
        notes.sort(key=lambda note: (note.created_at, int(note.id)), reverse=True)
        return notes[offset : offset + limit]

    async def find(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        for (owner, contact_id), rows in self._contacts.linked.items():
            note = rows.get((Note, note_id))
            if owner == workspace_id and isinstance(note, Note):
                return contact_id, note
        return None

    async def take_ids(self, workspace_id: str) -> tuple[int, int]:
        first = self._next.get(workspace_id, 1)
        self._next[workspace_id] = first + 1
        return first, first + 1
