"""What verification reads of the ledger, in memory."""

from __future__ import annotations

from sayso.domain.contact import Head
from sayso.service.ports import HeadRow, Stored, Unreadable
from sayso.storage.memory.contact import MemoryContactStore


class MemoryLedgerStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def workspaces(self) -> set[str]:
        return {workspace_id for workspace_id, _ in self._contacts.events}

    async def head(self, workspace_id: str, contact_id: str) -> HeadRow | Unreadable | None:
        head = await self._contacts.head(workspace_id, contact_id)
        return _row(head) if head else None

    async def chain(self, workspace_id: str, contact_id: str) -> list[Stored | Unreadable]:
        return list(self._contacts.entries.get((workspace_id, contact_id), ()))

    async def heads(self, workspace_id: str, after: str, limit: int) -> list[HeadRow | Unreadable]:
        kept = [head for head in await self._contacts.heads(workspace_id) if head.id > after]
        return [_row(head) for head in kept[:limit]]

    async def stored(self, workspace_id: str, after: str, upto: str | None) -> list[Stored | Unreadable]:
        chains = sorted(self._contacts.entries.items())
        return [
            stored
            for (owner, contact_id), chain in chains
            if owner == workspace_id and _within(contact_id, after, upto)
            for stored in chain
        ]

    async def unannounced(self, workspace_id: str, after: str, upto: str | None) -> list[tuple[str, int | None]]:
        found: list[tuple[str, int | None]] = []
        for stored in await self.stored(workspace_id, after, upto):
            changes = self._contacts.events.get((workspace_id, stored.contact_id), ())
            announced = {entry.seq for change in changes for entry in change.entries}
            if isinstance(stored, Stored) and stored.entry.seq not in announced:
                found.append((stored.contact_id, stored.entry.seq))
        return found

    async def unfounded(self) -> list[tuple[str, str, int | None]]:
        return []


def _row(head: Head) -> HeadRow:
    chain = head.chain
    return HeadRow(
        head.id, bytes.fromhex(chain.subject), chain.seq, chain.hash, head.standing.packed(), chain.binding_key
    )


def _within(contact_id: str, after: str, upto: str | None) -> bool:
    return contact_id > after and (upto is None or contact_id <= upto)
