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


class Links(NamedTuple):
    """Ids of tags and companies in the order in which they came to the contact, and its notes."""

    tags: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    notes: NoteList = NoteList()

    def packed(self) -> tuple[str, str, str]:
        """Three short texts for the contact's row: `7 12`, `66b0...`, and `23 40 38 37`, notes after their number."""
        total, newest = self.notes
        return " ".join(self.tags), " ".join(self.companies), " ".join((str(total), *newest)) if total else ""

    @staticmethod
    @lru_cache(maxsize=8_192)
    def unpacked(tags: str, companies: str, notes: str) -> Links:
        """The reverse of `packed`. Raises ValueError on what `packed` never makes."""
        if not notes:
            return Links(tuple(tags.split()), tuple(companies.split()))
        total, *newest = notes.split()
        return Links(tuple(tags.split()), tuple(companies.split()), NoteList(int(total), tuple(newest)))


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
    """A note on a contact, its `body` as given: by which admin, None for nobody, and when, in ms."""

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
