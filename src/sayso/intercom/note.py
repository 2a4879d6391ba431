"""Notes on contacts: create, list, find."""

from __future__ import annotations

import msgspec

from sayso.domain.admin import Admin
from sayso.domain.errors import Invalid, Missing, WrongCursor
from sayso.domain.links import Note as DomainNote
from sayso.domain.paging import size
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.note import NextNotes, Note, NoteFields, NoteList, NotePages

#: How many on a page, and the last page there is.
PER_PAGE, MOST_PER_PAGE, MOST_PAGES = 50, 150, 1_000_000

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
    query = call.request.query
    per_page = size(query.get("per_page", str(PER_PAGE)), "per_page", MOST_PER_PAGE)
    page = _page(query)
    contact_id = call.parameters[0]
    found = await call.region.notes.page(call.workspace_id, contact_id, page, per_page)
    total_pages = -(-found.total // per_page)
    following = NextNotes(page + 1, per_page, str(page + 1)) if page < total_pages else None
    pages = NotePages(following, page, per_page, total_pages)
    return call.reply(NoteList([await _shape(call, contact_id, note) for note in found.notes], found.total, pages))


async def find(call: Call) -> Response:
    """One note."""
    contact_id, note = await call.region.notes.find(call.workspace_id, call.parameters[0])
    return call.reply(await _shape(call, contact_id, note))


def _page(query: dict[str, str]) -> int:
    """The page asked for: by its number, or by the cursor of the page before, which is its number too."""
    word = query.get("starting_after")
    if not word:
        return size(query.get("page", "1"), "page", MOST_PAGES)
    try:
        return size(word, "starting_after", MOST_PAGES)
    except Invalid as wrong:
        raise WrongCursor(wrong.message, wrong.field) from None


async def _shape(call: Call, contact_id: str, note: DomainNote) -> Note:
    return Note.of(note, contact_id, await _author(call, note.author_id))


async def _author(call: Call, admin_id: str | None) -> Admin | None:
    """An admin made a moment ago may be in no snapshot yet."""
    known = {admin.id: admin for admin in call.caller.snapshot.admins}
    if admin_id is not None and admin_id not in known:
        known = {admin.id: admin for admin in await call.region.admins.all(call.workspace_id)}
    return known.get(admin_id or "")
