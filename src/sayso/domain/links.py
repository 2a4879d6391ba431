"""Links: what hangs on a contact beside its profile. Its tags, its companies and its notes.

The contact's row carries them packed, so that a contact is one read; each has a row of its own as well, to be found by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

#: How many notes a contact's row names: the newest.
NEWEST = 10


class NoteList(NamedTuple):
    """How many notes there are, and the ids of the newest, newest first."""

    total: int = 0
    newest: tuple[str, ...] = ()

    def with_note(self, note_id: str) -> NoteList:
        """The list once one more note is written."""
        return NoteList(self.total + 1, (note_id, *self.newest)[:NEWEST])

    def packed(self) -> str:
        """How many there are, then the newest: `23 40 38 37`. Empty for none."""
        return " ".join((str(self.total), *self.newest)) if self.total else ""

    @classmethod
    def unpacked(cls, text: str) -> NoteList:
        """The reverse of `packed`. Raises ValueError on what `packed` never makes."""
        if not text:
            return cls()
        total, *newest = text.split()
        return cls(int(total), tuple(newest))


NO_NOTES = NoteList()


class Links(NamedTuple):
    """Ids of tags and companies in the order in which they came to the contact, and its notes."""

    tags: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    notes: NoteList = NO_NOTES

    def packed(self) -> tuple[str, str, str]:
        """Three short texts for the contact's row: `7 12`, `66b0...`, and `23 40 38 37`, notes after their number."""
        return " ".join(self.tags), " ".join(self.companies), self.notes.packed()

    @staticmethod
    @lru_cache(maxsize=8_192)
    def unpacked(tags: str, companies: str, notes: str) -> Links:
        """The reverse of `packed`. Raises ValueError on what `packed` never makes."""
        return Links(tuple(tags.split()), tuple(companies.split()), NoteList.unpacked(notes))


UNLINKED = Links()


class Tagging(NamedTuple):
    """A row that says that a contact has a tag: since when, in ms, and by which admin."""

    tag_id: str
    applied_at: int
    applied_by: str


class Membership(NamedTuple):
    """A row that says that a contact belongs to a company: since when, in ms."""

    company_id: str
    attached_at: int


class Note(NamedTuple):
    """A note on a contact or a company, its `body` as kept: by which admin, None for nobody, and when, in ms."""

    id: str
    author_id: str | None
    body: str
    created_at: int


class NoteTime(NamedTuple):
    """A note without its text: when it was written, in ms."""

    id: str
    created_at: int


class MergeRecord(NamedTuple):
    """A row that says that another contact was merged into this one: which, what it was, and when, in ms."""

    source_id: str
    source_role: str
    merged_at: int


LinkRow: TypeAlias = Tagging | Membership | Note | MergeRecord


class LinkRows(NamedTuple):
    """One contact's tags and companies and the times of its notes, each kind in the order in which they came."""

    tags: tuple[Tagging, ...] = ()
    companies: tuple[Membership, ...] = ()
    notes: tuple[NoteTime, ...] = ()

    @classmethod
    def of(cls, *rows: Tagging | Membership | NoteTime) -> LinkRows:
        """Rows in any order as one value."""
        tags = sorted((row for row in rows if isinstance(row, Tagging)), key=lambda row: (row.applied_at, row.tag_id))
        companies = sorted(
            (row for row in rows if isinstance(row, Membership)), key=lambda row: (row.attached_at, row.company_id)
        )
        notes = sorted(
            (row for row in rows if isinstance(row, NoteTime)), key=lambda row: (row.created_at, int(row.id))
        )
        return cls(tuple(tags), tuple(companies), tuple(notes))
