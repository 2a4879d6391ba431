"""Searches in memory: the reference evaluator on every contact."""

from __future__ import annotations

from sayso.domain.address import normalize_email
from sayso.domain.contact import Contact
from sayso.domain.search import Node, matches
from sayso.domain.search_order import Order, Place
from sayso.service.ports import LEADS_LIMIT
from sayso.storage.memory.contact import MemoryContactStore


class MemorySearchStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def identified(self, workspace_id: str, kind: str, value: str) -> list[Contact]:
        compare = normalize_email if kind == "email" else str
        wanted, found = compare(value), []
        for contact in self._contacts.live(workspace_id):
            held: str | None = getattr(contact.profile, kind)
            if held is not None and compare(held) == wanted:
                found.append(contact)
        return found[:LEADS_LIMIT]

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Contact]:
        found = [contact for contact in self._contacts.live(workspace_id) if matches(query, contact)]
        return order.following(found, after)[:limit]

    async def count(self, workspace_id: str, query: Node) -> int:
        return sum(matches(query, contact) for contact in self._contacts.live(workspace_id))
