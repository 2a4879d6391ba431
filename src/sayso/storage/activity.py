"""Activities of contacts, read from the events of all workspaces in the order of their acts."""

from __future__ import annotations

from sayso.domain.activity import KINDS, ActivityEvent
from sayso.service.ports_activity import Stretch
from sayso.storage.engine import Engine
from sayso.storage.ledger import LAST_OF_RANGE

# No index has the events of a workspace: each choice would have to write it. So a stretch of all events is read, and no
# more of it than is needed to find enough.
_FIND = """SELECT act, contact_id, kind, at FROM (SELECT act, workspace_id, contact_id, kind, at FROM events
WHERE act > $1 AND act < $2 ORDER BY act LIMIT $3) AS stretch
WHERE workspace_id = $4 AND kind IN ($5, $6, $7, $8, $9) ORDER BY act LIMIT $10"""

#: How many events, of any workspace and kind, are looked at for a page: some milliseconds' work.
EVENTS_AT_ONCE = 8_000


class SqlActivityStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def read(self, workspace_id: str, after: str, before: str, limit: int) -> Stretch:
        start, end = bytes.fromhex(after), bytes.fromhex(before)
        rows = await self._engine.read_many(_FIND, start, end, EVENTS_AT_ONCE, workspace_id, *KINDS, limit)
        events = [ActivityEvent(act.hex(), contact_id.hex(), kind, at) for act, contact_id, kind, at in rows]
        if len(events) == limit:
            return Stretch(events, None)
        last = await self._engine.read_many(LAST_OF_RANGE, start, EVENTS_AT_ONCE - 1)
        is_cut_short = last and last[0][0] < end
        return Stretch(events, last[0][0].hex() if is_cut_short else None)
