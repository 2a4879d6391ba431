"""Data events and their summaries, as rows. Times in seconds, as they are told."""

from __future__ import annotations

import json

from sayso.domain.contact import Change
from sayso.domain.data_event import COUNT_LIMIT, DataEvent, DataEventRow, EventPlace, Summary
from sayso.service.ports_data_event import EventMove
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
WHERE workspace_id = $1 AND contact_id = $2 ORDER BY first_at, name LIMIT $3"""

_COUNT_NAMES = """SELECT count(*) FROM (
SELECT 1 FROM data_event_summaries WHERE workspace_id = $1 AND contact_id = $2 LIMIT $3) AS names"""

# The swap of the contact's row, in the same commit, has decided, but for events that are moved here meanwhile: those
# change no revision. Where the event is there now, the change is stale.
_SUBMIT = """INSERT INTO data_events (workspace_id, contact_id, happened_at, name, event_id, metadata)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, contact_id, happened_at, name) DO NOTHING"""

_COUNT = """INSERT INTO data_event_summaries (workspace_id, contact_id, name, total, first_at, last_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, contact_id, name)
DO UPDATE SET total = excluded.total, first_at = excluded.first_at, last_at = excluded.last_at"""

# Below, $2 is a contact that is gone, merged away or deleted, and $4 the survivor that has all now. A portion is the
# first $3 rows that the contact which is gone still has, so that one statement after the other means the same ones.
# The end result is what `joined` of the domain says: what both did is not moved, and taken off the summary of the
# contact that is gone, whose number may become negative; when all events are done, its summaries are added.
# On Citus the two contacts lie on different shards: what is read of one goes to the other as a common table expression.
# CROSS JOIN makes SQLite begin with the events that are moved, and find the others by key.

#: How many events, or summaries, are moved or erased in one transaction: about 2.5 ms on SQLite.
PORTION = 250

_FIRST_EVENTS = """FROM data_events WHERE workspace_id = $1 AND contact_id = $2
ORDER BY happened_at, name LIMIT $3"""

_NO_EVENTS = "NOT EXISTS (SELECT 1 FROM data_events WHERE workspace_id = $1 AND contact_id = $2)"

_NO_SUMMARIES = "NOT EXISTS (SELECT 1 FROM data_event_summaries WHERE workspace_id = $1 AND contact_id = $2)"

_MOVE_EVENTS = f"""INSERT INTO data_events (workspace_id, contact_id, happened_at, name, event_id, metadata)
SELECT workspace_id, $4, happened_at, name, event_id, metadata {_FIRST_EVENTS}
ON CONFLICT (workspace_id, contact_id, happened_at, name) DO NOTHING"""

# To be run after `_MOVE_EVENTS`: what was moved has the same id on both sides then.
_TAKE_OFF = f"""WITH theirs AS MATERIALIZED (SELECT happened_at, name, event_id {_FIRST_EVENTS}
), twice AS MATERIALIZED (
SELECT own.name, count(*) AS times FROM theirs CROSS JOIN data_events AS own
WHERE own.workspace_id = $1 AND own.contact_id = $4 AND own.happened_at = theirs.happened_at
AND own.name = theirs.name AND own.event_id <> theirs.event_id GROUP BY own.name
)
UPDATE data_event_summaries SET total = data_event_summaries.total - twice.times FROM twice
WHERE workspace_id = $1 AND contact_id = $2 AND data_event_summaries.name = twice.name"""

_ERASE_EVENTS = f"""DELETE FROM data_events WHERE workspace_id = $1 AND contact_id = $2
AND (happened_at, name) IN (SELECT happened_at, name {_FIRST_EVENTS})"""

_FIRST_SUMMARIES = f"""FROM data_event_summaries WHERE workspace_id = $1 AND contact_id = $2 AND {_NO_EVENTS}
ORDER BY name LIMIT $3"""

_ADD_SUMMARIES = f"""INSERT INTO data_event_summaries (workspace_id, contact_id, name, total, first_at, last_at)
SELECT workspace_id, $4, name, total, first_at, last_at {_FIRST_SUMMARIES}
ON CONFLICT (workspace_id, contact_id, name) DO UPDATE SET
total = CASE WHEN data_event_summaries.total + excluded.total < 0 THEN 0
WHEN data_event_summaries.total + excluded.total >= {COUNT_LIMIT} THEN {COUNT_LIMIT - 1}
ELSE data_event_summaries.total + excluded.total END,
first_at = CASE WHEN excluded.first_at < data_event_summaries.first_at
THEN excluded.first_at ELSE data_event_summaries.first_at END,
last_at = CASE WHEN excluded.last_at > data_event_summaries.last_at
THEN excluded.last_at ELSE data_event_summaries.last_at END"""

_ERASE_SUMMARIES = f"""DELETE FROM data_event_summaries WHERE workspace_id = $1 AND contact_id = $2
AND name IN (SELECT name {_FIRST_SUMMARIES})"""

# From the contact's row, which lies beside the rest on Citus.
_NOTE_REST = f"""INSERT INTO data_event_moves (workspace_id, contact_id, into_id)
SELECT workspace_id, contact_id, $3 FROM contacts
WHERE workspace_id = $1 AND contact_id = $2 AND NOT ({_NO_EVENTS} AND {_NO_SUMMARIES})"""

_MOVE = f"SELECT into_id, {_NO_EVENTS} FROM data_event_moves WHERE workspace_id = $1 AND contact_id = $2"

_MOVES = "SELECT contact_id FROM data_event_moves WHERE workspace_id = $1"

_MOVES_INTO = "SELECT contact_id FROM data_event_moves WHERE workspace_id = $1 AND into_id = $2"

_IS_KEPT = "workspace_id = $1 AND contact_id = $2 AND state NOT IN ('deleted', 'merged')"

_KEPT = f"SELECT 1 FROM contacts WHERE {_IS_KEPT}"

# Portions lock the survivor's row first, and so do its own changes: it is not deleted meanwhile, and whoever counts on
# what it read of its summaries decides again when the revision has moved. A survivor is a user, who is never merged
# away.
_LOCK_SURVIVOR = f"UPDATE contacts SET revision = revision + $3 WHERE {_IS_KEPT}"

_LOCK_MOVE = "UPDATE data_event_moves SET into_id = $3 WHERE workspace_id = $1 AND contact_id = $2"

_END_MOVE = f"""DELETE FROM data_event_moves WHERE workspace_id = $1 AND contact_id = $2
AND {_NO_EVENTS} AND {_NO_SUMMARIES}"""


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

    async def summaries(self, workspace_id: str, contact_id: str, limit: int) -> list[Summary]:
        found = await self._engine.read_many(_SUMMARIES, workspace_id, packed(contact_id), limit)
        return [Summary(*row) for row in found]

    async def count_names(self, workspace_id: str, contact_id: str, limit: int) -> int:
        [(count,)] = await self._engine.read(_COUNT_NAMES, workspace_id, packed(contact_id), limit)
        return int(count)

    async def move(self, workspace_id: str, contact_id: str) -> EventMove | None:
        found = await self._engine.read(_MOVE, workspace_id, packed(contact_id))
        if not found:
            return None
        into, is_without_events = found[0]
        if into is not None and not await self._engine.read(_KEPT, workspace_id, into):
            into = None
        return EventMove(workspace_id, contact_id, into.hex() if into else None, not is_without_events)

    async def move_portion(self, move: EventMove) -> None:
        key = (move.workspace_id, bytes.fromhex(move.contact_id))
        into = bytes.fromhex(move.into_id) if move.into_id else None
        written = [Statement(_LOCK_MOVE, (*key, into), True)]
        if into is not None:
            written.insert(0, Statement(_LOCK_SURVIVOR, (move.workspace_id, into, int(not move.has_events)), True))
        written += _events(key, into) if move.has_events else _summaries(key, into)
        await self._engine.commit([*written, Statement(_END_MOVE, key, bulk=True)])

    async def moves(self, workspace_id: str) -> list[str]:
        return [contact_id.hex() for (contact_id,) in await self._engine.read_many(_MOVES, workspace_id)]

    async def moves_into(self, workspace_id: str, into_id: str) -> list[str]:
        found = await self._engine.read_many(_MOVES_INTO, workspace_id, packed(into_id))
        return [contact_id.hex() for (contact_id,) in found]


def rows(change: Change) -> list[Statement]:
    """What a change of a contact does to the rows of its data events."""
    key = (change.before.workspace_id, bytes.fromhex(change.before.id))
    written = [_told(key, row) for row in change.told]
    if change.after.state.is_empty:
        into = change.profile.merged_into if change.profile else None
        place = bytes.fromhex(into) if into else None
        written += [*_events(key, place), *_summaries(key, place), Statement(_NOTE_REST, (*key, place), bulk=True)]
    return written


def _events(key: tuple[str, bytes], into: bytes | None) -> list[Statement]:
    """Move or erase a portion of the events of a contact that is gone."""
    move = [Statement(sql, (*key, PORTION, into), bulk=True) for sql in (_MOVE_EVENTS, _TAKE_OFF)] if into else []
    return [*move, Statement(_ERASE_EVENTS, (*key, PORTION), bulk=True)]


def _summaries(key: tuple[str, bytes], into: bytes | None) -> list[Statement]:
    """Move or erase a portion of its summaries, when it has no more events."""
    move = [Statement(_ADD_SUMMARIES, (*key, PORTION, into), bulk=True)] if into else []
    return [*move, Statement(_ERASE_SUMMARIES, (*key, PORTION), bulk=True)]


def _told(key: tuple[str, bytes], row: DataEventRow) -> Statement:
    if isinstance(row, Summary):
        return Statement(_COUNT, (*key, *row))
    metadata = json.dumps(dict(row.metadata), ensure_ascii=False, separators=(",", ":"))
    return Statement(_SUBMIT, (*key, row.at, row.name, bytes.fromhex(row.id), metadata), True)


def _event(row: Row) -> DataEvent:
    event_id, name, at, metadata = row
    return DataEvent(event_id.hex(), name, at, json.loads(metadata))
