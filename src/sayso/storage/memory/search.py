"""Searches in memory: the reference evaluator on every contact."""

from __future__ import annotations

from sayso.domain.contact import Contact, Role
from sayso.domain.search import Node, lower, matches
from sayso.domain.search_order import Order, Place
from sayso.service.ports import LEADS_LIMIT
from sayso.storage.memory.contact import MemoryContactStore


class MemorySearchStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def leads(self, workspace_id: str, kind: str, value: str) -> list[str]:
        found = []
        for contact in self._contacts.live(workspace_id):
            held: str | None = getattr(contact.profile, kind)
            same = held is not None and (lower(held) == lower(value) if kind == "email" else held == value)
            if same and contact.profile.role is Role.LEAD:
                found.append(contact.id)
        return found[:LEADS_LIMIT]

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Contact]:
        found = [contact for contact in self._contacts.live(workspace_id) if matches(query, contact)]
        return order.following(found, after)[:limit]

    async def count(self, workspace_id: str, query: Node) -> int:
        return sum(matches(query, contact) for contact in self._contacts.live(workspace_id))
