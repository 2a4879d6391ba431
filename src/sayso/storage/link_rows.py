"""Contacts' links, packed and as rows, as verification reads them."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.service.ports import Unreadable
from sayso.service.ports_links import LinkKey, LinkTable, PackedRow
from sayso.storage.claim import full, places
from sayso.storage.engine import Engine, Row
from sayso.storage.ids import packed

_COLUMNS = "contact_id, revision, tags, companies, notes"

_PACKED = f"""SELECT {_COLUMNS} FROM contacts
WHERE workspace_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3"""

_NAMED = f"SELECT {_COLUMNS} FROM contacts WHERE workspace_id = $1 AND contact_id = $2"

_TAGS = "SELECT contact_id, tag_id FROM contact_tags WHERE workspace_id = $1 AND contact_id > $2"

_COMPANIES = "SELECT contact_id, company_id FROM contact_companies WHERE workspace_id = $1 AND contact_id > $2"

_NOTES = "SELECT contact_id, note_id FROM notes WHERE workspace_id = $1 AND contact_id > $2"

_UPTO = " AND contact_id <= $3"

_ROWS: dict[LinkTable, str] = {"contact_tags": _TAGS, "contact_companies": _COMPANIES, "notes": _NOTES}

_WAYS = """SELECT contact_id, note_id FROM note_ids
WHERE workspace_id = $1 AND note_id > $2 ORDER BY note_id LIMIT $3"""

_WAYS_FROM = f"SELECT contact_id, note_id FROM note_ids WHERE workspace_id = $1 AND note_id IN ({places(2)})"

_NOTES_OF = f"""SELECT contact_id, note_id FROM notes
WHERE workspace_id = $1 AND note_id >= $2 AND note_id <= $3 AND contact_id IN ({places(4)})"""

_NO_TEXT = "a text of it is not UTF-8"


class SqlLinkRowStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def packed(self, workspace_id: str, after: str, limit: int) -> list[PackedRow | Unreadable]:
        return [_packed(row) for row in await self._engine.salvage(_PACKED, workspace_id, packed(after), limit)]

    async def named(self, workspace_id: str, contact_id: str) -> PackedRow | Unreadable | None:
        rows = await self._engine.salvage(_NAMED, workspace_id, packed(contact_id))
        return _packed(rows[0]) if rows else None

    async def rows(
        self, workspace_id: str, table: LinkTable, after: str, upto: str | None
    ) -> list[LinkKey | Unreadable]:
        sql, bounds = _ROWS[table], [packed(after)]
        if upto is not None:
            sql, bounds = sql + _UPTO, [*bounds, packed(upto)]
        return [_key(table, row) for row in await self._engine.salvage(sql, workspace_id, *bounds)]

    async def ways(self, workspace_id: str, after: int, limit: int) -> list[LinkKey | Unreadable]:
        return [_way(row) for row in await self._engine.salvage(_WAYS, workspace_id, after, limit)]

    async def ways_from(self, workspace_id: str, note_ids: Sequence[str]) -> list[LinkKey | Unreadable]:
        found: list[Row | None] = []
        for some in full([int(note_id) for note_id in note_ids if note_id.isdecimal()]):
            found += await self._engine.salvage(_WAYS_FROM, workspace_id, *some)
        return [_way(row) for row in found]

    async def notes(
        self, workspace_id: str, contact_ids: Sequence[str], first: int, last: int
    ) -> list[LinkKey | Unreadable]:
        found: list[Row | None] = []
        for some in full([packed(contact_id) for contact_id in contact_ids]):
            found += await self._engine.salvage(_NOTES_OF, workspace_id, first, last, *some)
        return [_key("notes", row) for row in found]


def _packed(row: Row | None) -> PackedRow | Unreadable:
    if row is None:
        return Unreadable("", None, f"the contact's row: {_NO_TEXT}")
    if not isinstance(row[0], bytes):
        return Unreadable(str(row[0]), None, "the contact's row: its id is not valid")
    return PackedRow(row[0].hex(), *row[1:])


def _key(table: str, row: Row | None) -> LinkKey | Unreadable:
    if row is None:
        return Unreadable("", None, f"a row of {table}: {_NO_TEXT}")
    contact_id, linked = row
    if not isinstance(contact_id, bytes):
        return Unreadable(str(contact_id), None, f"a row of {table}: its contact id is not valid")
    return contact_id.hex(), linked.hex() if isinstance(linked, bytes) else str(linked)


def _way(row: Row | None) -> LinkKey | Unreadable:
    if row is not None and not isinstance(row[1], int):
        return Unreadable("", None, "a row of note_ids: its number is not valid")
    return _key("note_ids", row)
