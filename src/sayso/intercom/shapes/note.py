"""Notes, as Intercom tells them."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from sayso.domain.admin import Admin as DomainAdmin
from sayso.domain.links import Note as DomainNote
from sayso.intercom.shapes.admin import Admin


class NotedContact(Struct, tag_field="type", tag="contact"):
    id: str


class Note(Struct, tag_field="type", tag="note"):
    """`body` is HTML: what is sent as plain text comes back in a paragraph."""

    id: str
    created_at: int
    contact: NotedContact
    author: Admin | None
    body: str

    @classmethod
    def of(cls, note: DomainNote, contact_id: str, author: DomainAdmin | None) -> Note:
        told = Admin.of(author) if author else None
        return cls(note.id, note.created_at // 1000, NotedContact(contact_id), told, note.body)


class NotedCompany(Struct, tag_field="type", tag="company"):
    id: str


class CompanyNote(Struct, tag_field="type", tag="note"):
    """A note on a company. `body` is HTML."""

    id: str
    created_at: int
    company: NotedCompany
    author: Admin | None
    body: str

    @classmethod
    def of(cls, note: DomainNote, company_id: str, author: DomainAdmin | None) -> CompanyNote:
        shown = Admin.of(author) if author else None
        return cls(note.id, note.created_at // 1000, NotedCompany(company_id), shown, note.body)


class CompanyNoteReference(Struct, tag_field="type", tag="note"):
    """What a company's own object has of its notes; the list of notes has the rest."""

    id: str
    company: NotedCompany


class NextNotes(Struct):
    page: int
    per_page: int
    starting_after: str


class NotePages(Struct, tag_field="type", tag="pages"):
    """`next` is null on the last page."""

    next: NextNotes | None
    page: int
    per_page: int
    total_pages: int


class NoteList(Struct, tag_field="type", tag="list"):
    data: list[Note]
    total_count: int
    pages: NotePages


class CompanyNoteList(Struct, tag_field="type", tag="list"):
    data: list[CompanyNote]
    total_count: int
    pages: NotePages


class NoteFields(Struct):
    """What a note says, and the admin who says it: the workspace's first where none is named."""

    body: Annotated[str, Meta(description="Text, or HTML of which the simple tags are kept")] | UnsetType | None = UNSET
    admin_id: str | int | UnsetType | None = UNSET
