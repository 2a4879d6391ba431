"""Searches of companies in memory: the reference evaluator on every company."""

from __future__ import annotations

from sayso.domain import company_search
from sayso.domain.company import Company
from sayso.domain.search import Node
from sayso.domain.search_order import Order, Place
from sayso.service.ports_company import CompanyFilter
from sayso.storage.memory.company import MemoryCompanyStore


class MemoryCompanySearchStore:
    def __init__(self, companies: MemoryCompanyStore) -> None:
        self._companies = companies

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Company]:
        found = company_search.following(order, await self._found(workspace_id, query), after)
        return found[:limit]

    async def count(self, workspace_id: str, query: Node) -> int:
        return len(await self._found(workspace_id, query))

    async def _found(self, workspace_id: str, query: Node) -> list[Company]:
        companies = self._companies.matching(workspace_id, CompanyFilter())
        return [company for company in companies if company_search.matches(query, company)]
