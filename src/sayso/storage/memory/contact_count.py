"""How many contacts a workspace has in each state and role, in memory."""

from __future__ import annotations

from collections import Counter

from sayso.service.ports import Unreadable
from sayso.service.ports_counts import CountedRange, CountRow
from sayso.storage.memory.contact import MemoryContactStore


class MemoryContactCountStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def kept(self, workspace_id: str) -> list[CountRow | Unreadable]:
        kept = self._contacts.counts[workspace_id]
        return [CountRow(0, state, role, number) for (state, role), number in kept.items()]

    async def counted(self, workspace_id: str, after: str, limit: int) -> CountedRange:
        heads = [head for head in await self._contacts.heads(workspace_id) if head.id > after]
        some = heads[:limit]
        found = [contact for head in some if (contact := await self._contacts.find(workspace_id, head.id))]
        counts = Counter((str(contact.head.state), str(contact.profile.role)) for contact in found)
        return CountedRange(counts, some[-1].id if len(heads) > limit else None)
