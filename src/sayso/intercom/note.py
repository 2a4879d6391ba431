"""Notes on contacts: create, list, find."""

from __future__ import annotations

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
    return call.reply(await _shape(call, contact_id, note))


async def list_of_contact(call: Call) -> Response:
    """A page of a contact's notes, newest first."""
    page = paged.asked(call.request.query, PER_PAGE)
    contact_id = call.parameters[0]
    found = await call.region.notes.page(call.workspace_id, contact_id, page.number, page.size)
    following = page.number + 1
    more = NextNotes(following, page.size, str(following)) if page.has_next(found.total) else None
    pages = NotePages(more, page.number, page.size, page.pages(found.total))
    return call.reply(NoteList([await _shape(call, contact_id, note) for note in found.notes], found.total, pages))


async def find(call: Call) -> Response:
    """One note."""
    contact_id, note = await call.region.notes.find(call.workspace_id, call.parameters[0])
    return call.reply(await _shape(call, contact_id, note))


async def _shape(call: Call, contact_id: str, note: DomainNote) -> Note:
    return Note.of(note, contact_id, await _author(call, note.author_id))


async def _author(call: Call, admin_id: str | None) -> Admin | None:
    """An admin made a moment ago may be in no snapshot yet."""
    known = {admin.id: admin for admin in call.snapshot.admins}
    if admin_id is not None and admin_id not in known:
        known = {admin.id: admin for admin in await call.region.admins.all(call.workspace_id)}
    return known.get(admin_id or "")
