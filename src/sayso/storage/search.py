"""Searches as SQL: a typed tree becomes one condition, its values become parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from sayso.domain.address import normalize_email
from sayso.domain.contact import Contact
from sayso.domain.search import Node
from sayso.domain.search_order import Order, Place
from sayso.service.ports import LEADS_LIMIT
from sayso.storage import contact_count
from sayso.storage.contact import _COLUMNS, _contact
from sayso.storage.engine import Engine, Row
from sayso.storage.ids import packed
from sayso.storage.search_condition import Asked
from sayso.storage.search_plan import Span, created, find_roles, is_of_times, tag, updated_since
from sayso.storage.search_spelling import spelling
from sayso.storage.shared_counts import SharedCounts

# The user who claims it, and the leads that have it. One more than are wanted, since a user who is archived still
# claims it, and is left out.
_IDENTIFIED = f"""SELECT contact_id AS few_id FROM contact_keys
WHERE workspace_id = $1 AND kind = '{{kind}}' AND value = $2{{sharing}}
UNION ALL SELECT contact_id FROM contacts WHERE workspace_id || ' ' || {{column}} = $3
AND role = 'lead' AND state = 'live' LIMIT {LEADS_LIMIT + 1}"""

_SHARING = """
UNION ALL SELECT contact_id FROM contacts WHERE workspace_id || ' ' || normal_email = $3 AND shares_email = 1"""

_BY_EMAIL = _IDENTIFIED.format(kind="email", column="normal_email", sharing=_SHARING)

_BY_EXTERNAL_ID = _IDENTIFIED.format(kind="external_id", column="external_id", sharing="")

_ONE_OF_FEW = f"SELECT {_COLUMNS} FROM contacts WHERE workspace_id = $1 AND contact_id = few_id AND state = 'live'"

_OF_ALL = "FROM contacts WHERE workspace_id || '' = $1 AND state = 'live'"

# Acts rise with time, and each change of a contact is announced: what was updated lately is found at the end.
_IS_MUCH_RECENT = "SELECT 1 FROM events WHERE act >= $1 ORDER BY act LIMIT 1 OFFSET $2"

_RECENT = "SELECT contact_id FROM events WHERE act >= {} AND workspace_id = $1"

_IS_MUCH_TAGGED = """SELECT 1 FROM contact_tags WHERE workspace_id || '' = $1 AND tag_id = $2
ORDER BY contact_id LIMIT 1 OFFSET $3"""

_TAGGED = "SELECT contact_id FROM contact_tags WHERE tag_id = {} AND workspace_id || '' = $1"

_FEW_IDS = "SELECT DISTINCT contact_id AS few_id FROM ({}) AS few"

# The next ones in order of creation, and those of them that are found. A condition may ask for any column.
_OF_NEAR = """SELECT {0} FROM (SELECT * {1} ORDER BY {2} LIMIT {3}) AS near WHERE {4} ORDER BY {2} LIMIT {5}"""

#: So many rows that name contacts are gone through at once; where there are more, a walk along all contacts may be
#: shorter, and so many of them are looked at before it is known to be longer.
FEW = 8_000

#: Where changes are fewer than the contacts divided by this, going through them is shorter than a walk to its end.
SHARE = 4

Read: TypeAlias = Callable[..., Awaitable[list[Row]]]

#: So many times as many contacts as are wanted are looked at first, right after a place: who was made lately was
#: updated lately, and they lie together.
NEAR = 2


class SqlSearchStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spelling = spelling(engine)
        self._by_email = self._spelling.each(_BY_EMAIL, _ONE_OF_FEW)
        self._by_external_id = self._spelling.each(_BY_EXTERNAL_ID, _ONE_OF_FEW)
        self._counts = SharedCounts(engine)

    async def identified(self, workspace_id: str, kind: str, value: str) -> list[Contact]:
        if kind == "email":
            sql, compared = self._by_email, normalize_email(value)
        else:
            sql, compared = self._by_external_id, value
        found = await self._engine.read(sql, workspace_id, compared, f"{workspace_id} {compared}")
        return [_contact(workspace_id, row) for row in found]

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Contact]:
        is_along_updates = order.is_of_creation and updated_since(query) is not None
        if after is not None and is_along_updates:
            # Comparing times takes so little that another thread would take longer to be asked.
            read = self._engine.read if is_of_times(query) else self._engine.scan
            near = await self._near(read, workspace_id, query, order, after, limit, NEAR * limit)
            if len(near) == limit:
                return near
        asked = Asked(workspace_id, self._spelling)
        few = await self._few(workspace_id, query, asked)
        if few is None and is_along_updates:
            near = await self._near(self._engine.scan, workspace_id, query, order, after, limit, FEW)
            if len(near) == limit:
                return near
            few = await self._not_all(workspace_id, query, asked)
        key, turn = asked.key(order), " DESC" if order.descending else ""
        conditions = [asked.condition(query)]
        if after is not None:
            conditions.append(asked.beyond(order, after[0], packed(after[1])))
        if key == "created_at":
            # The plus leaves the index of pages out: few are sorted faster than all are walked along.
            key = "+created_at" if few else key
            conditions += _bounds(asked, created(query), None if after is None else order.descending)
        sql = f"""SELECT {_COLUMNS} {few or _OF_ALL} AND {" AND ".join(conditions)}
            ORDER BY {key}{turn}, contact_id{turn} LIMIT {asked.given(limit)}"""
        return [_contact(workspace_id, row) for row in await self._scan(sql, asked)]

    async def _near(
        self, read: Read, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int, most: int
    ) -> list[Contact]:
        """What is found among `most` contacts, from the beginning or right behind a place."""
        asked, turn = Asked(workspace_id, self._spelling), " DESC" if order.descending else ""
        walk = _OF_ALL if after is None else f"{_OF_ALL} AND {asked.beyond(order, after[0], packed(after[1]))}"
        along, condition = f"created_at{turn}, contact_id{turn}", asked.condition(query)
        sql = _OF_NEAR.format(_COLUMNS, walk, along, asked.given(most), condition, asked.given(limit))
        return [_contact(workspace_id, row) for row in await read(sql, *asked.parameters)]

    async def count(self, workspace_id: str, query: Node) -> int:
        roles = find_roles(query)
        if roles is not None:
            return await contact_count.live(self._engine, workspace_id, roles)
        return await self._counts.get(workspace_id, query, partial(self._count, workspace_id, query))

    async def _count(self, workspace_id: str, query: Node) -> int:
        asked = Asked(workspace_id, self._spelling)
        few = await self._few(workspace_id, query, asked) or await self._not_all(workspace_id, query, asked)
        conditions = [asked.condition(query), *_bounds(asked, created(query), None)]
        rows = await self._scan(f"SELECT count(*) {few or _OF_ALL} AND {' AND '.join(conditions)}", asked)
        return int(rows[0][0])

    async def _few(self, workspace_id: str, query: Node, asked: Asked) -> str | None:
        """Where a search asks for what few contacts have, the rows that name them."""
        tag_id = tag(query)
        if tag_id is not None and not await self._engine.read_many(_IS_MUCH_TAGGED, workspace_id, tag_id, FEW):
            return self._spelling.by_key(_FEW_IDS.format(_TAGGED.format(asked.given(tag_id))))
        # Within an index, and so short that another thread would take longer to be asked.
        return await self._recent(self._engine.read, query, asked, FEW)

    async def _not_all(self, workspace_id: str, query: Node, asked: Asked) -> str | None:
        """As `_few`, where there are more changes, and yet fewer than contacts to walk along."""
        if updated_since(query) is None or not self._spelling.looks_up_each:
            return None
        most = await contact_count.live(self._engine, workspace_id) // SHARE
        return await self._recent(self._engine.read_or_scan, query, asked, most) if most > FEW else None

    async def _recent(self, read: Read, query: Node, asked: Asked, most: int) -> str | None:
        """The changes since the time that a search asks for, where there are no more than `most`."""
        second = updated_since(query)
        if second is None or second <= 0:
            return None
        act = _first_act(second)
        if await read(_IS_MUCH_RECENT, act, most):
            return None
        return self._spelling.by_key(_FEW_IDS.format(_RECENT.format(asked.given(act))))

    async def _scan(self, sql: str, asked: Asked) -> list[Row]:
        return await self._engine.scan(sql, *asked.parameters)


def _bounds(asked: Asked, span: Span, descending: bool | None) -> list[str]:
    """Where a walk along created_at starts and ends; `descending` where it goes on from a place, which is its start."""
    found = []
    if span.least is not None and descending is not False:
        found.append(f"created_at >= {asked.given(span.least * 1000)}")
    if span.below is not None and descending is not True:
        found.append(f"created_at < {asked.given(span.below * 1000)}")
    return found


def _first_act(second: int) -> bytes:
    """No act of that second or later has a smaller id."""
    return bytes.fromhex(f"{second * 1000:012x}" + "0" * 20)
