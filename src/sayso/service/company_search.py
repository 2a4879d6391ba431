"""Searches of companies: pages of those that a query finds."""

from __future__ import annotations

from typing import NamedTuple

from sayso.domain import company_search
from sayso.domain.company import CLAIM, Company, CompanyState
from sayso.domain.data_attribute import Model
from sayso.domain.search import Node
from sayso.domain.search_order import Mark
from sayso.domain.search_query import Language
from sayso.service.ports import Store
from sayso.service.search import NAMED, Search, attributes, identifiers, zone
from sayso.service.snapshot import Snapshot

_IDENTIFIERS = frozenset({"company_id"})


class CompanySearchPage(NamedTuple):
    """One page of a search; `following` is None on the last."""

    companies: list[Company]
    page: int
    total: int
    following: Mark | None


def language(snapshot: Snapshot) -> Language:
    """What searches of a workspace's companies may say. Times are matched to the second."""
    return Language(
        zone(snapshot.workspace.timezone),
        is_exact=True,
        attributes=attributes(snapshot, Model.COMPANY),
        is_gone=snapshot.tags.is_gone,
        fields=company_search.FIELDS,
    )


class CompanySearchService:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, workspace_id: str, search: Search, after: Mark | None, limit: int) -> CompanySearchPage:
        """Live companies. The total is counted for the first page and carried along. Raises Unavailable."""
        order, place = search.order, after.place if after else None
        named = await self._named(workspace_id, search.query)
        if named is not None:
            total = after.total if after else len(named)
            found = company_search.following(order, named, place)[: limit + 1]
        else:
            found = await self._store.company_search.page(workspace_id, search.query, order, place, limit + 1)
            # A first page that holds everything need not be counted.
            is_all = after is None and len(found) <= limit
            total = after.total if after else len(found) if is_all else await self._count(workspace_id, search.query)
        page = after.page + 1 if after else 1
        shown, more = found[:limit], len(found) > limit
        following = Mark(*company_search.place(order, shown[-1]), page, total) if more else None
        return CompanySearchPage(shown, page, total, following)

    async def _count(self, workspace_id: str, query: Node) -> int:
        return await self._store.company_search.count(workspace_id, query)

    async def _named(self, workspace_id: str, query: Node) -> list[Company] | None:
        """Everything that a query finds, where it names companies by their company_id: a few point reads."""
        named = identifiers(query, _IDENTIFIERS)
        if named is None or len(named) > NAMED:
            return None
        found = []
        for _, value in sorted(named):
            claim = (await self._store.contact.claims(workspace_id, {CLAIM: value})).get(CLAIM)
            company = claim and await self._store.company.find(workspace_id, claim.contact_id)
            if company and company.state is CompanyState.LIVE:
                found.append(company)
        return [company for company in found if company_search.matches(query, company)]
