"""Notes on contacts: create, list; and notes by their ids, those on companies too."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sayso.domain.admin import Admin
from sayso.domain.errors import Missing, NotFound
from sayso.domain.links import Note as DomainNote
from sayso.http.response import Response
from sayso.intercom import paged
from sayso.intercom.call import Call
from sayso.intercom.paged import Asked
from sayso.intercom.shapes.note import CompanyNote, NextNotes, Note, NoteFields, NoteList, NotePages
from sayso.intercom.versions import Version

PER_PAGE = 50

_FIELDS = msgspec.json.Decoder(NoteFields)


async def create(call: Call) -> Response:
    """A new note on a contact, by an admin. Intercom answers 200."""
    body, admin_id = fields(call)
    contact_id = call.parameters[0]
    note = await call.region.notes.create(call.author, call.workspace_id, contact_id, admin_id, body)
    return call.reply(Note.of(note, contact_id, (await authors(call, [note])).get(note.author_id)))


async def list_of_contact(call: Call) -> Response:
    """A page of a contact's notes, newest first."""
    page = paged.asked(call.request.query, PER_PAGE)
    contact_id = call.parameters[0]
    found = await call.region.notes.page(call.workspace_id, contact_id, page.number, page.size)
    by_id = await authors(call, found.notes)
    notes = [Note.of(note, contact_id, by_id.get(note.author_id)) for note in found.notes]
    return call.reply(NoteList(notes, found.total, pages(page, found.total)))


async def find(call: Call) -> Response:
    """One note, on a contact or, since 2.15, on a company. A client that names no version is served both."""
    note_id = call.parameters[0]
    kind: type[Note | CompanyNote] = Note
    try:
        owner_id, note = await call.region.notes.find(call.workspace_id, note_id)
    except NotFound:
        if call.names_version and call.version < Version.V2_15:
            raise
        kind = CompanyNote
        owner_id, note = await call.region.company_notes.find(call.workspace_id, note_id)
    return call.reply(kind.of(note, owner_id, (await authors(call, [note])).get(note.author_id)))


def fields(call: Call) -> tuple[str, str | None]:
    """The text of a note to be written, and its author's id where one is given. Raises Missing."""
    given = call.body(_FIELDS)
    if not isinstance(given.body, str):
        raise Missing("body must hold the text of the note", "body")
    return given.body, str(given.admin_id) if isinstance(given.admin_id, (str, int)) else None


def pages(page: Asked, total: int) -> NotePages:
    following = page.number + 1
    more = NextNotes(following, page.size, str(following)) if page.has_next(total) else None
    return NotePages(more, page.number, page.size, page.pages(total))


async def authors(call: Call, notes: Iterable[DomainNote]) -> dict[str | None, Admin]:
    """The workspace's admins by id. One made a moment ago may be in no snapshot yet."""
    known: dict[str | None, Admin] = {admin.id: admin for admin in call.snapshot.admins}
    if any(note.author_id is not None and note.author_id not in known for note in notes):
        known = {admin.id: admin for admin in await call.region.admins.all(call.workspace_id)}
    return known
