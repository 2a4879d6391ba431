"""The ledger and the events that announce it, as rows."""

from __future__ import annotations

from sayso.domain.act import Act
from sayso.domain.contact import Change
from sayso.domain.ledger import Entry, Event, origin
from sayso.domain.subscription_type import NoticeRef
from sayso.service.ports import HeadRow, Stored, Unreadable
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.ids import packed

APPEND = """INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis,
occurred_at, recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash,
binding)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"""

#: Begins with the act's id, the workspace and the contact, or the company in its place: whoever finds that row knows
#: that the act was written.
ANNOUNCE = "INSERT INTO events (act, workspace_id, contact_id, kind, seq, at) VALUES ($1, $2, $3, $4, $5, $6)"

#: What the entries of a change after its first are announced as.
CONSENT = "consent"

_COLUMNS = """contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at, recorded_at, method,
actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, binding, hash, position, leaf_index"""

_CHAIN = f"SELECT {_COLUMNS} FROM ledger WHERE workspace_id = $1 AND contact_id = $2 ORDER BY seq"

_STORED = f"SELECT {_COLUMNS} FROM ledger WHERE workspace_id = $1 AND contact_id > $2"

_UNANNOUNCED = """SELECT contact_id, seq FROM ledger WHERE workspace_id = $1
AND NOT EXISTS (SELECT 1 FROM events WHERE events.act = ledger.id AND events.workspace_id = ledger.workspace_id
AND events.contact_id = ledger.contact_id AND events.seq = ledger.seq) AND contact_id > $2"""

_UNANNOUNCED_ACTS = """SELECT contact_id, NULL FROM contacts WHERE workspace_id = $1
AND NOT EXISTS (SELECT 1 FROM events WHERE events.act = contacts.last_act
AND events.workspace_id = contacts.workspace_id AND events.contact_id = contacts.contact_id) AND contact_id > $2"""

# Not by NOT EXISTS: PostgreSQL might read all of both tables for each range of events.
_UNFOUNDED = """SELECT workspace_id, contact_id, seq FROM events WHERE (seq IS NOT NULL
AND (SELECT 1 FROM ledger WHERE ledger.workspace_id = events.workspace_id
AND ledger.contact_id = events.contact_id AND ledger.seq = events.seq AND ledger.id = events.act) IS NULL
OR substr(kind, 1, 8) <> 'company.' AND (SELECT 1 FROM contacts
WHERE contacts.workspace_id = events.workspace_id AND contacts.contact_id = events.contact_id) IS NULL)"""

_FIRST_ACTS = " AND act <= $1"
_ACTS_BETWEEN = " AND act > $1 AND act <= $2"
_LAST_ACTS = " AND act > $1"

#: After an act, and as many further ones as an offset says.
LAST_OF_RANGE = "SELECT act FROM events WHERE act > $1 ORDER BY act LIMIT 1 OFFSET $2"

#: How many events are looked at in one statement. All of a large table in one would take longer than a read may.
EVENTS_AT_ONCE = 1_000

#: So many events without what they announce are enough to report.
MOST_UNFOUNDED = 5_000

_HEAD_COLUMNS = "contact_id, subject, head_seq, head_hash, standing, binding_key"

_HEADS = f"""SELECT {_HEAD_COLUMNS} FROM contacts
WHERE workspace_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3"""

_HEAD = f"SELECT {_HEAD_COLUMNS} FROM contacts WHERE workspace_id = $1 AND contact_id = $2"

_WORKSPACES = (
    "SELECT workspace_id FROM contacts WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    "SELECT workspace_id FROM ledger WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    "SELECT workspace_id FROM contact_counts WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    "SELECT workspace_id FROM contact_keys WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    "SELECT workspace_id FROM subscription_types WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
    "SELECT workspace_id FROM settings_log WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1",
)

_UPTO = " AND contact_id <= $3"
_IN_ORDER = " ORDER BY contact_id, seq"

_NO_TEXT = "a text of it is not UTF-8"


class SqlLedgerStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def workspaces(self) -> set[str]:
        """One look-up for each, not one pass over everything."""
        found: set[str] = set()
        for sql in _WORKSPACES:
            rows = await self._engine.salvage(sql, "")
            while rows:
                if rows[0] is None:
                    found.add(f"({_NO_TEXT})")
                    break
                found.add(str(rows[0][0]))
                rows = await self._engine.salvage(sql, rows[0][0])
        return found

    async def head(self, workspace_id: str, contact_id: str) -> HeadRow | Unreadable | None:
        rows = await self._engine.salvage(_HEAD, workspace_id, packed(contact_id))
        return _head(rows[0], contact_id) if rows else None

    async def chain(self, workspace_id: str, contact_id: str) -> list[Stored | Unreadable]:
        rows = await self._engine.salvage(_CHAIN, workspace_id, packed(contact_id))
        return [_stored(workspace_id, row, contact_id) for row in rows]

    async def heads(self, workspace_id: str, after: str, limit: int) -> list[HeadRow | Unreadable]:
        return [_head(row) for row in await self._engine.salvage(_HEADS, workspace_id, packed(after), limit)]

    async def stored(self, workspace_id: str, after: str, upto: str | None) -> list[Stored | Unreadable]:
        rows = await self._ranged(_STORED, _IN_ORDER, workspace_id, after, upto)
        return [_stored(workspace_id, row) for row in rows]

    async def unannounced(self, workspace_id: str, after: str, upto: str | None) -> list[tuple[str, int | None]]:
        entries = await self._ranged(_UNANNOUNCED, _IN_ORDER, workspace_id, after, upto)
        acts = await self._ranged(_UNANNOUNCED_ACTS, "", workspace_id, after, upto)
        return [(_shown(row[0]), row[1]) for row in (*entries, *acts) if row]

    async def unfounded(self) -> list[tuple[str, str, int | None]]:
        # On SQLite an altered act may be a number or a text: these sort before all bytes.
        rows = await self._engine.salvage(_UNFOUNDED + _FIRST_ACTS, b"")
        after: bytes | None = b""
        while after is not None and len(rows) < MOST_UNFOUNDED:
            last = await self._engine.salvage(LAST_OF_RANGE, after, EVENTS_AT_ONCE - 1)
            upto = last[0][0] if last and last[0] else None
            if upto is None:
                rows += await self._engine.salvage(_UNFOUNDED + _LAST_ACTS, after)
            else:
                rows += await self._engine.salvage(_UNFOUNDED + _ACTS_BETWEEN, after, upto)
            after = upto
        found = rows[:MOST_UNFOUNDED]
        return [(str(row[0]), _shown(row[1]), row[2]) if row else ("", "", None) for row in found]

    async def _ranged(self, sql: str, order: str, workspace_id: str, after: str, upto: str | None) -> list[Row | None]:
        if upto is None:
            return await self._engine.salvage(sql + order, workspace_id, packed(after))
        return await self._engine.salvage(sql + _UPTO + order, workspace_id, packed(after), packed(upto))


def append(change: Change) -> list[Statement]:
    """The entries of a change, and the event that announces each; one event where there is no entry."""
    workspace_id, id_, _, _, _, chain, _ = change.before
    contact_id, kind, at = bytes.fromhex(id_), change.kind, change.act.at
    if not change.entries:
        return [announcing(change.act, workspace_id, id_, kind)]
    written: list[Statement] = []
    for entry, hash_ in chain.hashed(change.entries, change.after.chain.hash):
        row = _row(workspace_id, contact_id, entry, hash_)
        event = (row[3], workspace_id, contact_id, kind, row[2], at)
        written += (Statement(APPEND, row, False, True), Statement(ANNOUNCE, event, False, True))
        # The first one announces the change, the others what else it did to the contact's consent.
        kind = CONSENT
    return written


def announcing(act: Act, workspace_id: str, changed: str, kind: str) -> Statement:
    """The event of a change without entries; `changed` is a contact's or a company's id."""
    row = (bytes.fromhex(act.id), workspace_id, bytes.fromhex(changed), kind, None, act.at)
    return Statement(ANNOUNCE, row, appends=True)


def _row(workspace_id: str, contact_id: bytes, entry: Entry, hash_: bytes | None) -> Row:
    # The columns from `event` to `request_id` are the entry's own, in its order.
    _, id_, subject, seq, *facts, notice, binding = entry
    told = (None, None, None) if notice is None else notice[1:]
    return (workspace_id, contact_id, seq, bytes.fromhex(id_), bytes.fromhex(subject), *facts, *told, hash_, binding)


def _head(row: Row | None, contact_id: str = "") -> HeadRow | Unreadable:
    if row is None:
        return Unreadable(contact_id, None, f"the contact's row: {_NO_TEXT}")
    if not isinstance(row[0], bytes):
        return Unreadable(_shown(row[0]), None, "the contact's row: its id is not valid")
    return HeadRow(row[0].hex(), *row[1:])


def _stored(workspace_id: str, row: Row | None, contact_id: str = "") -> Stored | Unreadable:
    if row is None:
        return Unreadable(contact_id, None, _NO_TEXT)
    if not isinstance(row[0], bytes) or not isinstance(row[1], int):
        return Unreadable(_shown(row[0]), None, "its contact id or its number is not valid")
    try:
        return _entry(workspace_id, row)
    except (ValueError, TypeError, AttributeError) as error:
        return Unreadable(_shown(row[0]), row[1], str(error))


def _entry(workspace_id: str, row: Row) -> Stored:
    contact_id, seq, id_, subject, event, type_id, channel, *facts, binding, hash_, place, leaf = row
    if place is not None or leaf is not None:
        raise ValueError("it has a number that nobody gave it")
    state, basis, occurred_at, recorded_at, method, actor_kind, actor_ref, request_id, version, locale, digest = facts
    if (version is None) is not (locale is None) or (version is None) is not (digest is None):
        raise ValueError("its notice is named by halves")
    notice = NoticeRef(type_id, version, locale, digest) if version is not None else None
    entry = Entry(
        log=origin(workspace_id),
        id=id_.hex(),
        subject=subject.hex(),
        seq=seq,
        event=Event(event),
        type_id=type_id,
        channel=channel,
        state=state,
        basis=basis,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        method=method,
        actor_kind=actor_kind,
        actor_ref=actor_ref,
        request_id=request_id,
        notice=notice,
        binding=binding,
    )
    return Stored(contact_id.hex(), entry, hash_)


def _shown(contact_id: object) -> str:
    return contact_id.hex() if isinstance(contact_id, bytes) else str(contact_id)
