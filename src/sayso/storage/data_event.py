"""Data events and their summaries, as rows. Times in seconds, as they are told."""

from __future__ import annotations

import json

from sayso.domain.contact import Change
from sayso.domain.data_event import COUNT_LIMIT, DataEvent, DataEventRow, EventPlace, Summary
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.ids import packed

_EXISTS = "SELECT 1 FROM data_events WHERE workspace_id = $1 AND contact_id = $2 AND happened_at = $3 AND name = $4"

_COLUMNS = "event_id, name, happened_at, metadata"

_FIRST = f"""SELECT {_COLUMNS} FROM data_events WHERE workspace_id = $1 AND contact_id = $2
AND happened_at >= $3 AND (happened_at, event_id) > ($3, $4) ORDER BY happened_at DESC, event_id DESC LIMIT $5"""

_NEXT = f"""SELECT {_COLUMNS} FROM data_events WHERE workspace_id = $1 AND contact_id = $2
AND happened_at >= $3 AND (happened_at, event_id) > ($3, $4)
AND happened_at <= $5 AND (happened_at, event_id) < ($5, $6) ORDER BY happened_at DESC, event_id DESC LIMIT $7"""

_SUMMARY = """SELECT name, total, first_at, last_at FROM data_event_summaries
WHERE workspace_id = $1 AND contact_id = $2 AND name = $3"""

_SUMMARIES = """SELECT name, total, first_at, last_at FROM data_event_summaries
WHERE workspace_id = $1 AND contact_id = $2 ORDER BY first_at, name"""

# The swap of the contact's row, in the same commit, has decided.
_SUBMIT = """INSERT INTO data_events (workspace_id, contact_id, happened_at, name, event_id, metadata)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, contact_id, happened_at, name) DO NOTHING"""

_COUNT = """INSERT INTO data_event_summaries (workspace_id, contact_id, name, total, first_at, last_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, contact_id, name)
DO UPDATE SET total = excluded.total, first_at = excluded.first_at, last_at = excluded.last_at"""

# What `joined` of the domain says, for a contact $2 that takes over all that $3 did. What both did is counted before
# the events are moved. On Citus the two contacts lie on different shards: what is read of one goes to the other as a
# common table expression. CROSS JOIN makes SQLite begin with the events that are moved, and find the others by key.
_ADD_UP = f"""WITH theirs AS MATERIALIZED (
SELECT happened_at, name FROM data_events WHERE workspace_id = $1 AND contact_id = $3
), twice AS MATERIALIZED (
SELECT own.name, count(*) AS times FROM theirs CROSS JOIN data_events AS own
WHERE own.workspace_id = $1 AND own.contact_id = $2 AND own.happened_at = theirs.happened_at AND own.name = theirs.name
GROUP BY own.name
)
INSERT INTO data_event_summaries (workspace_id, contact_id, name, total, first_at, last_at)
SELECT summary.workspace_id, $2, summary.name, summary.total - COALESCE(twice.times, 0), first_at, last_at
FROM data_event_summaries AS summary LEFT JOIN twice ON twice.name = summary.name
WHERE summary.workspace_id = $1 AND summary.contact_id = $3
ON CONFLICT (workspace_id, contact_id, name) DO UPDATE SET
total = CASE WHEN data_event_summaries.total + excluded.total < 0 THEN 0
WHEN data_event_summaries.total + excluded.total >= {COUNT_LIMIT} THEN {COUNT_LIMIT - 1}
ELSE data_event_summaries.total + excluded.total END,
first_at = CASE WHEN excluded.first_at < data_event_summaries.first_at
THEN excluded.first_at ELSE data_event_summaries.first_at END,
last_at = CASE WHEN excluded.last_at > data_event_summaries.last_at
THEN excluded.last_at ELSE data_event_summaries.last_at END"""

_MOVE = """INSERT INTO data_events (workspace_id, contact_id, happened_at, name, event_id, metadata)
SELECT workspace_id, $2, happened_at, name, event_id, metadata FROM data_events
WHERE workspace_id = $1 AND contact_id = $3 ON CONFLICT (workspace_id, contact_id, happened_at, name) DO NOTHING"""

#: What is done to a contact of which nothing is kept but its ledger.
_EMPTY = (
    "DELETE FROM data_events WHERE workspace_id = $1 AND contact_id = $2",
    "DELETE FROM data_event_summaries WHERE workspace_id = $1 AND contact_id = $2",
)


class SqlDataEventStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def exists(self, workspace_id: str, contact_id: str, name: str, at: int) -> bool:
        return bool(await self._engine.read(_EXISTS, workspace_id, packed(contact_id), at, name))

    async def page(
        self, workspace_id: str, contact_id: str, before: EventPlace | None, since: EventPlace, limit: int
    ) -> list[DataEvent]:
        window = (workspace_id, packed(contact_id), since[0], bytes.fromhex(since[1]))
        if before is None:
            rows = await self._engine.read_many(_FIRST, *window, limit)
        else:
            rows = await self._engine.read_many(_NEXT, *window, before[0], bytes.fromhex(before[1]), limit)
        return [_event(row) for row in rows]

    async def summary(self, workspace_id: str, contact_id: str, name: str) -> Summary | None:
        rows = await self._engine.read(_SUMMARY, workspace_id, packed(contact_id), name)
        return Summary(*rows[0]) if rows else None

    async def summaries(self, workspace_id: str, contact_id: str) -> list[Summary]:
        return [Summary(*row) for row in await self._engine.read_many(_SUMMARIES, workspace_id, packed(contact_id))]


def rows(change: Change) -> list[Statement]:
    """What a change of a contact does to the rows of its data events."""
    key = (change.before.workspace_id, bytes.fromhex(change.before.id))
    written = [Statement(sql, key, bulk=True) for sql in _EMPTY] if change.after.state.is_empty else []
    if change.absorbs is not None:
        both = (*key, bytes.fromhex(change.absorbs))
        written += [Statement(sql, both, bulk=True) for sql in (_ADD_UP, _MOVE)]
    return written + [_told(key, row) for row in change.told]


def _told(key: tuple[str, bytes], row: DataEventRow) -> Statement:
    if isinstance(row, Summary):
        return Statement(_COUNT, (*key, *row))
    metadata = json.dumps(dict(row.metadata), ensure_ascii=False, separators=(",", ":"))
    return Statement(_SUBMIT, (*key, row.at, row.name, bytes.fromhex(row.id), metadata))


def _event(row: Row) -> DataEvent:
    event_id, name, at, metadata = row
    return DataEvent(event_id.hex(), name, at, json.loads(metadata))
