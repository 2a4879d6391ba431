"""Searches as SQL: a typed tree becomes one condition, its values become parameters."""

from __future__ import annotations

from functools import partial

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

# The few first, each with its contact: SQLite takes CROSS JOIN for that order.
_OF_FEW = """FROM (SELECT DISTINCT contact_id AS few_id FROM ({}) AS few) AS few
CROSS JOIN contacts WHERE workspace_id = $1 AND contact_id = few_id AND state = 'live'"""

# The next ones in order of creation, and those of them that are found.
_OF_NEAR = (
    """SELECT {0} FROM (SELECT {0} {1} AND {2} ORDER BY {3} LIMIT {4}) AS near WHERE {5} ORDER BY {3} LIMIT {6}"""
)

#: So many rows that name contacts are gone through at once; where there are more, a walk along all contacts is shorter.
FEW = 8_000

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
        if after is not None and order.is_of_creation and updated_since(query) is not None:
            near = await self._near(workspace_id, query, order, after, limit)
            if len(near) == limit:
                return near
        asked = Asked(workspace_id, self._spelling)
        few = await self._few(workspace_id, query, asked)
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

    async def _near(self, workspace_id: str, query: Node, order: Order, after: Place, limit: int) -> list[Contact]:
        """What is found not far behind a place."""
        asked, turn = Asked(workspace_id, self._spelling), " DESC" if order.descending else ""
        beyond = asked.beyond(order, after[0], packed(after[1]))
        along, condition = f"created_at{turn}, contact_id{turn}", asked.condition(query)
        looked_at, wanted = asked.given(NEAR * limit), asked.given(limit)
        sql = _OF_NEAR.format(_COLUMNS, _OF_ALL, beyond, along, looked_at, condition, wanted)
        # Comparing times takes so little that another thread would take longer to be asked.
        read = self._engine.read if is_of_times(query) else self._engine.scan
        return [_contact(workspace_id, row) for row in await read(sql, *asked.parameters)]

    async def count(self, workspace_id: str, query: Node) -> int:
        roles = find_roles(query)
        if roles is not None:
            return await contact_count.live(self._engine, workspace_id, roles)
        return await self._counts.get(workspace_id, query, partial(self._count, workspace_id, query))

    async def _count(self, workspace_id: str, query: Node) -> int:
        asked = Asked(workspace_id, self._spelling)
        few = await self._few(workspace_id, query, asked)
        conditions = [asked.condition(query), *_bounds(asked, created(query), None)]
        rows = await self._scan(f"SELECT count(*) {few or _OF_ALL} AND {' AND '.join(conditions)}", asked)
        return int(rows[0][0])

    async def _few(self, workspace_id: str, query: Node, asked: Asked) -> str | None:
        """Where a search asks for what few contacts have, the rows that name them."""
        tag_id = tag(query)
        if tag_id is not None and not await self._engine.read_many(_IS_MUCH_TAGGED, workspace_id, tag_id, FEW):
            return _OF_FEW.format(_TAGGED.format(asked.given(tag_id)))
        second = updated_since(query)
        if second is not None and second > 0:
            act = _first_act(second)
            # Within an index, and so short that another thread would take longer to be asked.
            if not await self._engine.read(_IS_MUCH_RECENT, act, FEW):
                return _OF_FEW.format(_RECENT.format(asked.given(act)))
        return None

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
