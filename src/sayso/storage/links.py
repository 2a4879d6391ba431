"""A contact's links as rows of their own, to be found by."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.contact import Change
from sayso.domain.links import NEWEST, LinkRow, LinkRows, Membership, MergeRecord, Note, NoteTime, Tagging
from sayso.storage.engine import Engine, Statement
from sayso.storage.ids import packed
from sayso.storage.note import EMPTY, MOVE, naming

# What is there already stays: the swap of the contact's row, in the same commit, has decided.
_TAG = """INSERT INTO contact_tags (workspace_id, contact_id, tag_id, applied_at, applied_by)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, contact_id, tag_id) DO NOTHING"""

_UNTAG = "DELETE FROM contact_tags WHERE workspace_id = $1 AND contact_id = $2 AND tag_id = $3"

_ATTACH = """INSERT INTO contact_companies (workspace_id, contact_id, company_id, attached_at)
VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, contact_id, company_id) DO NOTHING"""

_DETACH = "DELETE FROM contact_companies WHERE workspace_id = $1 AND contact_id = $2 AND company_id = $3"

_NOTE = """INSERT INTO notes (workspace_id, contact_id, note_id, author_id, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, contact_id, note_id) DO NOTHING"""

_MERGED = """INSERT INTO merges (workspace_id, contact_id, source_id, source_role, merged_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, contact_id, source_id) DO NOTHING"""

#: What is done to a contact of which nothing is kept but its ledger.
_EMPTY = (
    "DELETE FROM contact_tags WHERE workspace_id = $1 AND contact_id = $2",
    "DELETE FROM contact_companies WHERE workspace_id = $1 AND contact_id = $2",
    "DELETE FROM merges WHERE workspace_id = $1 AND contact_id = $2",
    *EMPTY,
)


_TAGS = "SELECT tag_id, applied_at, applied_by FROM contact_tags WHERE workspace_id = $1 AND contact_id = $2"

_COMPANIES = "SELECT company_id, attached_at FROM contact_companies WHERE workspace_id = $1 AND contact_id = $2"

# As many as a contact's row names.
_NOTE_TIMES = """SELECT note_id, created_at FROM notes WHERE workspace_id = $1 AND contact_id = $2
AND note_id IN ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""

_NEWEST_MERGES = """SELECT source_id, source_role, merged_at FROM merges WHERE workspace_id = $1 AND contact_id = $2
AND (merged_at, source_id) < ($3, $4) ORDER BY merged_at DESC, source_id DESC LIMIT $5"""

_OLDEST_MERGES = """SELECT source_id, source_role, merged_at FROM merges WHERE workspace_id = $1 AND contact_id = $2
AND (merged_at, source_id) > ($3, $4) ORDER BY merged_at, source_id LIMIT $5"""

#: Where a walk begins: after every merge there can be, or before.
_FUTURE, _PAST = (2**62, ""), (-1, "")


class SqlLinkStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def tags(self, workspace_id: str, contact_id: str) -> tuple[Tagging, ...]:
        rows = await self._engine.read_many(_TAGS, workspace_id, packed(contact_id))
        return LinkRows.of(*(Tagging(*row) for row in rows)).tags

    async def of(self, workspace_id: str, contact_id: str, notes: Sequence[str] = ()) -> LinkRows:
        # By `read`: a merge asks while it holds both contacts' locks, and waits for nobody's longer reads.
        key = (workspace_id, packed(contact_id))
        tags = [Tagging(*row) for row in await self._engine.read(_TAGS, *key)]
        companies = [Membership(row[0].hex(), row[1]) for row in await self._engine.read(_COMPANIES, *key)]
        named = [int(note_id) for note_id in notes]
        # No note has this id.
        named += [0] * (NEWEST - len(named))
        found = await self._engine.read(_NOTE_TIMES, *key, *named) if notes else []
        times = [NoteTime(str(row[0]), row[1]) for row in found]
        return LinkRows.of(*tags, *companies, *times)

    async def merges(
        self, workspace_id: str, contact_id: str, after: tuple[int, str] | None, limit: int, *, newest_first: bool
    ) -> list[MergeRecord]:
        sql, start = (_NEWEST_MERGES, _FUTURE) if newest_first else (_OLDEST_MERGES, _PAST)
        at, source_id = after or start
        found = await self._engine.read_many(sql, workspace_id, packed(contact_id), at, bytes.fromhex(source_id), limit)
        return [MergeRecord(source.hex(), role, at) for source, role, at in found]


def rows(change: Change) -> list[Statement]:
    """What a change of a contact does to the rows of its links."""
    key = (change.before.workspace_id, bytes.fromhex(change.before.id))
    written = [_dropped(key, row) for row in change.drop] + [_put(key, row) for row in change.put]
    written += [naming(*key, row) for row in change.put if isinstance(row, Note)]
    if change.absorbs is not None:
        both = (*key, bytes.fromhex(change.absorbs))
        written += [Statement(sql, both, bulk=True) for sql in MOVE]
    if change.after.state.is_empty:
        written += [Statement(sql, key, bulk=True) for sql in _EMPTY]
    return written


def _put(key: tuple[str, bytes], row: LinkRow) -> Statement:
    if isinstance(row, Tagging):
        return Statement(_TAG, (*key, *row))
    if isinstance(row, Membership):
        return Statement(_ATTACH, (*key, bytes.fromhex(row.company_id), row.attached_at))
    if isinstance(row, MergeRecord):
        return Statement(_MERGED, (*key, bytes.fromhex(row.source_id), row.source_role, row.merged_at))
    return Statement(_NOTE, (*key, int(row.id), row.author_id, row.body, row.created_at))


def _dropped(key: tuple[str, bytes], row: Tagging | Membership) -> Statement:
    if isinstance(row, Tagging):
        return Statement(_UNTAG, (*key, row.tag_id))
    return Statement(_DETACH, (*key, bytes.fromhex(row.company_id)))
