"""What the digest of a workspace covers of contacts, in memory."""

from __future__ import annotations

from sayso.domain.contact import Contact
from sayso.domain.digest import DigestRow
from sayso.storage.memory.contact import MemoryContactStore


class MemoryDigestStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def contacts(self, workspace_id: str, after: bytes, limit: int) -> list[DigestRow | None]:
        ids = [head.id for head in await self._contacts.heads(workspace_id) if head.id > after.hex()]
        found = [await self._contacts.find(workspace_id, contact_id) for contact_id in ids[:limit]]
        return [_row(contact) for contact in found if contact]


def _row(contact: Contact) -> DigestRow:
    head, profile, chain = contact.head, contact.profile, contact.head.chain
    who = (profile.role.value, profile.external_id, profile.email, profile.phone)
    end = (bytes.fromhex(chain.subject), chain.seq, chain.hash)
    return DigestRow(bytes.fromhex(head.id), head.state.value, head.revision, *who, *end, chain.binding_key)
