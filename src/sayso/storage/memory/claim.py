"""What verification reads of contacts and their claims, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.contact import Claim, Contact
from sayso.service.ports import Unreadable
from sayso.service.ports_claims import ClaimRow, Duplicate, HolderRow
from sayso.storage.memory.contact import MemoryContactStore


class MemoryClaimStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def holders(self, workspace_id: str, after: str, limit: int) -> list[HolderRow | Unreadable]:
        ids = [head.id for head in await self._contacts.heads(workspace_id) if head.id > after]
        return await self.named(workspace_id, ids[:limit])

    async def named(self, workspace_id: str, contact_ids: Sequence[str]) -> list[HolderRow | Unreadable]:
        found = [await self._contacts.find(workspace_id, contact_id) for contact_id in contact_ids]
        return [_holder(contact) for contact in found if contact]

    async def rows(self, workspace_id: str, after: tuple[str, str], limit: int) -> list[ClaimRow | Unreadable]:
        kept = sorted(place for place in self._contacts.held if place[0] == workspace_id and place[1:] > after)
        return [_claim(self._contacts.held[place]) for place in kept[:limit]]

    async def on(self, workspace_id: str, kind: str, values: Sequence[str]) -> list[ClaimRow | Unreadable]:
        found = [self._contacts.held.get((workspace_id, kind, value)) for value in values]
        return [_claim(claim) for claim in found if claim]

    async def duplicates(self, workspace_id: str) -> list[Duplicate]:
        sharing = []
        for contact_id in [head.id for head in await self._contacts.heads(workspace_id)]:
            contact = await self._contacts.find(workspace_id, contact_id)
            if contact and contact.profile.shares_email:
                claim = self._contacts.held.get((workspace_id, "email", normalize_email(contact.profile.email or "")))
                sharing.append(Duplicate(contact_id, claim.contact_id if claim else None))
        return sharing


def _holder(contact: Contact) -> HolderRow:
    head, profile = contact.head, contact.profile
    email, phone = profile.email, profile.phone
    return HolderRow(
        head.id,
        head.revision,
        head.state,
        profile.role,
        profile.external_id,
        email,
        profile.shares_email,
        phone,
        normal_email=None if email is None else normalize_email(email),
        normal_phone=None if phone is None else normalize_phone(phone),
    )


def _claim(claim: Claim) -> ClaimRow:
    return ClaimRow(claim.kind, claim.value, claim.contact_id, claim.state)
