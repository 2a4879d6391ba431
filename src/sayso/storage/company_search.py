"""Searches of companies as SQL."""

from __future__ import annotations

from functools import partial

from sayso.domain.company import Company
from sayso.domain.search import Node
from sayso.domain.search_order import Order, Place
from sayso.storage.company import COLUMNS, company
from sayso.storage.engine import Engine
from sayso.storage.ids import packed
from sayso.storage.search_condition import Asked, Searched
from sayso.storage.search_spelling import spelling
from sayso.storage.shared_counts import SharedCounts

_COMPANIES = Searched(
    "company_id",
    {
        "company_id": "external_id",
        "name": "name",
        "last_request_at": "nullif(last_request_at, 0)",
        "session_count": "0",
        "user_count": "user_count",
    },
)

_LIVE = "FROM companies WHERE workspace_id || '' = $1 AND state = 'live'"


class SqlCompanySearchStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spelling = spelling(engine)
        self._counts = SharedCounts(engine)

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Company]:
        asked = Asked(workspace_id, self._spelling, _COMPANIES)
        conditions = [asked.condition(query)]
        if after is not None:
            conditions.append(asked.beyond(order, after[0], packed(after[1])))
        key, direction = asked.key(order), " DESC" if order.descending else ""
        sql = f"""SELECT {COLUMNS} {_LIVE} AND {" AND ".join(conditions)}
            ORDER BY {key}{direction}, company_id{direction} LIMIT {asked.given(limit)}"""
        return [company(workspace_id, row) for row in await self._engine.scan(sql, *asked.parameters)]

    async def count(self, workspace_id: str, query: Node) -> int:
        return await self._counts.get(workspace_id, query, partial(self._count, workspace_id, query))

    async def _count(self, workspace_id: str, query: Node) -> int:
        asked = Asked(workspace_id, self._spelling, _COMPANIES)
        sql = f"SELECT count(*) {_LIVE} AND {asked.condition(query)}"
        rows = await self._engine.scan(sql, *asked.parameters)
        return int(rows[0][0])
