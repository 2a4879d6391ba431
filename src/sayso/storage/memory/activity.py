"""Activities of contacts, in memory."""

from __future__ import annotations

from sayso.domain.activity import KINDS, ActivityEvent
from sayso.service.ports_activity import Stretch
from sayso.storage.memory.contact import MemoryContactStore


class MemoryActivityStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def read(self, workspace_id: str, after: str, before: str, limit: int) -> Stretch:
        events = sorted(
            ActivityEvent(change.act.id, contact_id, change.kind, change.act.at)
            for (owner, contact_id), changes in self._contacts.events.items()
            if owner == workspace_id
            for change in changes
            if change.kind in KINDS and after < change.act.id < before
        )
        return Stretch(events[:limit], None)
