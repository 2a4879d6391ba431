"""Notes on contacts: create, list, find."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sayso.domain.admin import Admin
from sayso.domain.errors import Missing
from sayso.domain.links import Note as DomainNote
from sayso.http.response import Response
from sayso.intercom import paged
from sayso.intercom.call import Call
from sayso.intercom.shapes.note import NextNotes, Note, NoteFields, NoteList, NotePages

PER_PAGE = 50

_FIELDS = msgspec.json.Decoder(NoteFields)


async def create(call: Call) -> Response:
    """A new note on a contact, by an admin. Intercom answers 200."""
    fields = call.body(_FIELDS)
    if not isinstance(fields.body, str):
        raise Missing("body must hold the text of the note", "body")
    admin_id = str(fields.admin_id) if isinstance(fields.admin_id, (str, int)) else None
    contact_id = call.parameters[0]
    note = await call.region.notes.create(call.author, call.workspace_id, contact_id, admin_id, fields.body)
    return call.reply(Note.of(note, contact_id, (await _authors(call, [note])).get(note.author_id)))


async def list_of_contact(call: Call) -> Response:
    """A page of a contact's notes, newest first."""
    page = paged.asked(call.request.query, PER_PAGE)
    contact_id = call.parameters[0]
    found = await call.region.notes.page(call.workspace_id, contact_id, page.number, page.size)
    following = page.number + 1
    more = NextNotes(following, page.size, str(following)) if page.has_next(found.total) else None
    pages = NotePages(more, page.number, page.size, page.pages(found.total))
    authors = await _authors(call, found.notes)
    notes = [Note.of(note, contact_id, authors.get(note.author_id)) for note in found.notes]
    return call.reply(NoteList(notes, found.total, pages))


async def find(call: Call) -> Response:
    """One note."""
    contact_id, note = await call.region.notes.find(call.workspace_id, call.parameters[0])
    return call.reply(Note.of(note, contact_id, (await _authors(call, [note])).get(note.author_id)))


async def _authors(call: Call, notes: Iterable[DomainNote]) -> dict[str | None, Admin]:
    """The workspace's admins by id. One made a moment ago may be in no snapshot yet."""
    known: dict[str | None, Admin] = {admin.id: admin for admin in call.snapshot.admins}
    if any(note.author_id is not None and note.author_id not in known for note in notes):
        known = {admin.id: admin for admin in await call.region.admins.all(call.workspace_id)}
    return known
