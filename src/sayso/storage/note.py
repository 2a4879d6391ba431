"""Notes as rows, and their ids: which are taken, and whose note one names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sayso.domain.links import Note
from sayso.storage.engine import Engine, Statement
from sayso.storage.ids import packed

#: How many ids a process takes at once: so that processes seldom want the same row.
AT_ONCE = 32

_COLUMNS = "note_id, author_id, body, created_at"

_PAGE = f"""SELECT {_COLUMNS} FROM notes WHERE workspace_id = $1 AND contact_id = $2
ORDER BY created_at DESC, note_id DESC LIMIT $3 OFFSET $4"""

_FIND = f"SELECT {_COLUMNS} FROM notes WHERE workspace_id = $1 AND contact_id = $2 AND note_id = $3"

_WHOSE = "SELECT contact_id FROM note_ids WHERE workspace_id = $1 AND note_id = $2"

_NAME = """INSERT INTO note_ids (workspace_id, note_id, contact_id) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, note_id) DO UPDATE SET contact_id = excluded.contact_id"""

_MOVE = """INSERT INTO notes (workspace_id, contact_id, note_id, author_id, body, created_at)
SELECT workspace_id, $2, note_id, author_id, body, created_at FROM notes
WHERE workspace_id = $1 AND contact_id = $3 ON CONFLICT (workspace_id, contact_id, note_id) DO NOTHING"""

# A note keeps its id: whose it is changes.
_REASSIGN_IDS = """INSERT INTO note_ids (workspace_id, note_id, contact_id)
SELECT workspace_id, note_id, $2 FROM notes WHERE workspace_id = $1 AND contact_id = $3
ON CONFLICT (workspace_id, note_id) DO UPDATE SET contact_id = excluded.contact_id"""

#: What gives a contact $2 the notes of a contact $3, which is emptied in the same commit.
MOVE = (_MOVE, _REASSIGN_IDS)

# Ids that lead to another contact by now are of notes that were moved.
_FORGET = """WITH gone AS MATERIALIZED (SELECT note_id FROM notes WHERE workspace_id = $1 AND contact_id = $2)
DELETE FROM note_ids WHERE workspace_id = $1 AND contact_id = $2 AND note_id IN (SELECT note_id FROM gone)"""

#: What leaves a contact without notes.
EMPTY = (_FORGET, "DELETE FROM notes WHERE workspace_id = $1 AND contact_id = $2")

_NEXT = "SELECT next_id FROM note_numbers WHERE workspace_id = $1"

_BEGIN = """INSERT INTO note_numbers (workspace_id, next_id) VALUES ($1, $2)
ON CONFLICT (workspace_id) DO NOTHING"""

_TAKE = "UPDATE note_numbers SET next_id = $1 WHERE workspace_id = $2 AND next_id = $3"


class SqlNoteStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def page(self, workspace_id: str, contact_id: str, offset: int, limit: int) -> list[Note]:
        rows = await self._engine.read_many(_PAGE, workspace_id, packed(contact_id), limit, offset)
        return [note(row) for row in rows]

    async def find(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        number = int(note_id)
        for (contact_id,) in await self._engine.read(_WHOSE, workspace_id, number):
            for row in await self._engine.read(_FIND, workspace_id, contact_id, number):
                return contact_id.hex(), note(row)
        return None

    async def take_ids(self, workspace_id: str) -> tuple[int, int]:
        rows = await self._engine.read(_NEXT, workspace_id)
        first = int(rows[0][0]) if rows else 1
        end = first + AT_ONCE
        begin, take = Statement(_BEGIN, (workspace_id, end), True), Statement(_TAKE, (end, workspace_id, first), True)
        await self._engine.commit([take if rows else begin])
        return first, end


def naming(workspace_id: str, contact_id: bytes, note: Note) -> Statement:
    """What makes a note be found by its id alone."""
    return Statement(_NAME, (workspace_id, int(note.id), contact_id))


def note(row: Sequence[Any]) -> Note:
    """A note as its number, its author, its body and its time say."""
    number, author_id, body, created_at = row
    return Note(str(number), author_id, body, created_at)
