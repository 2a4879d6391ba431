"""How many contacts a workspace has in each state and role, as rows that each change of a contact updates.

A list says how many contacts there are in all: to count them for that would take longer the more there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sayso.domain.contact import Change, ContactState, Role
from sayso.domain.contact_count import moves
from sayso.service.ports import Unreadable
from sayso.service.ports_counts import CountedRange, CountRow
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.ids import packed

_ADD = """INSERT INTO contact_counts (workspace_id, part, state, role, contacts) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, part, state, role) DO UPDATE SET contacts = contact_counts.contacts + excluded.contacts"""

_IN_STATE = """SELECT CAST(coalesce(sum(contacts), 0) AS BIGINT) FROM contact_counts
WHERE workspace_id = $1 AND state = $2"""

_OF_ROLE = f"{_IN_STATE} AND role = $3"

_KEPT = "SELECT part, state, role, contacts FROM contact_counts WHERE workspace_id = $1"

_LAST_OF_RANGE = """SELECT contact_id FROM contacts WHERE workspace_id = $1 AND contact_id > $2
ORDER BY contact_id LIMIT 1 OFFSET $3"""

_COUNTED = """SELECT state, role, count(*) FROM contacts WHERE workspace_id = $1 AND contact_id > $2
AND contact_id <= $3 GROUP BY state, role"""

_COUNTED_TO_THE_END = """SELECT state, role, count(*) FROM contacts WHERE workspace_id = $1 AND contact_id > $2
GROUP BY state, role"""


async def live(engine: Engine, workspace_id: str, roles: Collection[Role] = frozenset(Role)) -> int:
    """How many live contacts have one of these roles."""
    if not roles:
        return 0
    if len(roles) == len(Role):
        return await in_state(engine, workspace_id, ContactState.LIVE)
    (role,) = roles
    rows = await engine.read(_OF_ROLE, workspace_id, ContactState.LIVE, role)
    return int(rows[0][0])


async def in_state(engine: Engine, workspace_id: str, state: ContactState) -> int:
    """How many contacts are in a state."""
    rows = await engine.read(_IN_STATE, workspace_id, state)
    return int(rows[0][0])


def creation(change: Change) -> Statement:
    """What a new contact adds to the counts: the same as `additions`, at less than half of its cost."""
    workspace_id, contact_id, state, *_ = change.after
    assert change.profile is not None
    return Statement(_ADD, (workspace_id, int(contact_id[-1], 16), state, change.profile.role, 1), appends=True)


def additions(changes: Iterable[Change]) -> list[Statement]:
    """What changes add to the counts, to be run last in their transaction.

    One statement for each row, in the order of the rows' keys: every transaction locks them in this order and none of
    its other rows afterwards, so no two wait for each other.
    """
    added: dict[tuple[str, int, str, str], int] = {}
    for change in changes:
        workspace_id, contact_id, *_ = change.before
        for (state, role), number in moves(change).items():
            key = (workspace_id, int(contact_id[-1], 16), state, role)
            added[key] = added.get(key, 0) + number
    return [Statement(_ADD, (*key, number), appends=True) for key, number in sorted(added.items()) if number]


class SqlContactCountStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def kept(self, workspace_id: str) -> list[CountRow | Unreadable]:
        return [_row(row) for row in await self._engine.salvage(_KEPT, workspace_id)]

    async def counted(self, workspace_id: str, after: str, limit: int) -> CountedRange:
        place = (workspace_id, packed(after))
        last = await self._engine.salvage(_LAST_OF_RANGE, *place, limit - 1)
        if last and last[0] is not None:
            upto = last[0][0]
            rows = await self._engine.salvage(_COUNTED, *place, upto)
        else:
            upto, rows = None, await self._engine.salvage(_COUNTED_TO_THE_END, *place)
        # A row whose text cannot be decoded is counted nowhere, and so makes a difference.
        counts = {(row[0], row[1]): row[2] for row in rows if row is not None}
        return CountedRange(counts, upto.hex() if upto is not None else None)


def _row(row: Row | None) -> CountRow | Unreadable:
    if row is None:
        return Unreadable("", None, "a count of contacts: a text of it is not UTF-8")
    return CountRow(*row)
