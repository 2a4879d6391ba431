"""Notes on companies: list and create."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom import paged
from sayso.intercom.call import Call
from sayso.intercom.note import PER_PAGE, authors, fields, pages
from sayso.intercom.shapes.note import CompanyNote, CompanyNoteList


async def create(call: Call) -> Response:
    """A new note on a company, by an admin. Intercom answers 200."""
    body, admin_id = fields(call)
    company_id = call.parameters[0]
    note = await call.region.company_notes.create(call.author, call.workspace_id, company_id, admin_id, body)
    return call.reply(CompanyNote.of(note, company_id, (await authors(call, [note])).get(note.author_id)))


async def list_of_company(call: Call) -> Response:
    """A page of a company's notes, newest first."""
    page = paged.asked(call.request.query, PER_PAGE)
    company_id = call.parameters[0]
    found = await call.region.company_notes.page(call.workspace_id, company_id, page.number, page.size)
    by_id = await authors(call, found.notes)
    notes = [CompanyNote.of(note, company_id, by_id.get(note.author_id)) for note in found.notes]
    return call.reply(CompanyNoteList(notes, found.total, pages(page, found.total)))
