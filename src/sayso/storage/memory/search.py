"""Searches in memory: the reference evaluator on every contact."""

from __future__ import annotations

from sayso.domain.contact import Contact, Role, email_key
from sayso.domain.search import Node, lower, matches
from sayso.domain.search_order import Order, Place
from sayso.service.ports import LEADS_LIMIT
from sayso.storage.memory.contact import MemoryContactStore


class MemorySearchStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def identified(self, workspace_id: str, kind: str, value: str) -> list[Contact]:
        is_email = kind == "email"
        claimed = self._contacts.held.get((workspace_id, kind, email_key(value) if is_email else value))
        found = []
        for contact in self._contacts.live(workspace_id):
            held: str | None = getattr(contact.profile, kind)
            same = held is not None and (lower(held) == lower(value) if is_email else held == value)
            if (claimed and contact.id == claimed.contact_id) or (same and contact.profile.role is Role.LEAD):
                found.append(contact)
        return found[:LEADS_LIMIT]

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Contact]:
        found = [contact for contact in self._contacts.live(workspace_id) if matches(query, contact)]
        return order.following(found, after)[:limit]

    async def count(self, workspace_id: str, query: Node) -> int:
        return sum(matches(query, contact) for contact in self._contacts.live(workspace_id))
