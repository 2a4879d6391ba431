"""The ledger and the events that announce it, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.domain.contact import Change
from sayso.domain.ledger import Entry, Event, NoticeRef, origin
from sayso.service.ports import HeadRow, Stored, Unreadable
from sayso.storage.engine import Engine, Row, Statement

_APPEND = """INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis,
occurred_at, recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"""

_ANNOUNCE = "INSERT INTO events (act, workspace_id, contact_id, kind, seq, at) VALUES ($1, $2, $3, $4, $5, $6)"

_COLUMNS = """contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at, recorded_at, method,
actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash"""

_CHAIN = f"SELECT {_COLUMNS} FROM ledger WHERE workspace_id = $1 AND contact_id = $2 ORDER BY seq"

_STORED = f"""SELECT {_COLUMNS} FROM ledger WHERE workspace_id = $1 AND contact_id > $2 AND contact_id <= $3
ORDER BY contact_id, seq"""

_UNANNOUNCED = """SELECT contact_id, seq FROM ledger WHERE workspace_id = $1 AND contact_id > $2 AND contact_id <= $3
AND NOT EXISTS (SELECT 1 FROM events WHERE events.act = ledger.id AND events.workspace_id = ledger.workspace_id
AND events.contact_id = ledger.contact_id AND events.seq = ledger.seq) ORDER BY contact_id, seq"""

_HEADS = """SELECT contact_id, subject, head_seq, head_hash, standing FROM contacts
WHERE workspace_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3"""

_HEAD = """SELECT contact_id, subject, head_seq, head_hash, standing FROM contacts
WHERE workspace_id = $1 AND contact_id = $2"""


class SqlLedgerStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def head(self, workspace_id: str, contact_id: str) -> HeadRow | None:
        rows = await self._engine.read(_HEAD, workspace_id, contact_id)
        return HeadRow(*rows[0]) if rows else None

    async def chain(self, workspace_id: str, contact_id: str) -> list[Stored | Unreadable]:
        return [_stored(workspace_id, row) for row in await self._engine.read(_CHAIN, workspace_id, contact_id)]

    async def heads(self, workspace_id: str, after: str, limit: int) -> list[HeadRow]:
        return [HeadRow(*row) for row in await self._engine.scan(_HEADS, workspace_id, after, limit)]

    async def stored(self, workspace_id: str, after: str, upto: str) -> list[Stored | Unreadable]:
        return [_stored(workspace_id, row) for row in await self._engine.scan(_STORED, workspace_id, after, upto)]

    async def unannounced(self, workspace_id: str, after: str, upto: str) -> list[tuple[str, int]]:
        rows = await self._engine.scan(_UNANNOUNCED, workspace_id, after, upto)
        return [(contact_id, seq) for contact_id, seq in rows]


def append(change: Change) -> Iterator[Statement]:
    """The entries of a change, and the event that announces each; one event where there is no entry."""
    head, act = change.before, bytes.fromhex(change.act.id)
    for entry in change.entries:
        yield Statement(_APPEND, _row(head.workspace_id, head.id, entry, change.after.chain.hash))
    seq = change.entries[-1].seq if change.entries else None
    yield Statement(_ANNOUNCE, (act, head.workspace_id, head.id, change.kind, seq, change.act.at))


def _row(workspace_id: str, contact_id: str, entry: Entry, hash_: bytes | None) -> tuple[object, ...]:
    notice = entry.notice
    return (
        workspace_id,
        contact_id,
        entry.seq,
        bytes.fromhex(entry.id),
        bytes.fromhex(entry.subject),
        entry.event,
        entry.type_id,
        entry.channel,
        entry.state,
        entry.basis,
        entry.occurred_at,
        entry.recorded_at,
        entry.method,
        entry.actor_kind,
        entry.actor_ref,
        entry.request_id,
        *((notice.version, notice.locale, notice.sha256) if notice else (None, None, None)),
        hash_,
    )


def _stored(workspace_id: str, row: Row) -> Stored | Unreadable:
    try:
        return _entry(workspace_id, row)
    except (ValueError, TypeError, AttributeError) as error:
        return Unreadable(str(row[0]), row[1], str(error))


def _entry(workspace_id: str, row: Row) -> Stored:
    contact_id, seq, id_, subject, event, type_id, channel, *facts, version, locale, digest, hash_ = row
    state, basis, occurred_at, recorded_at, method, actor_kind, actor_ref, request_id = facts
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
    )
    return Stored(contact_id, entry, hash_)
