"""Notes on companies: written, listed, found."""

from __future__ import annotations

from sayso.domain import company as rules
from sayso.domain import note
from sayso.domain.act import Act, Author
from sayso.domain.company import CompanyChange, CompanyState
from sayso.domain.errors import NotFound
from sayso.domain.links import Note
from sayso.service.company import CompanyService
from sayso.service.note import NO_SUCH_NOTE, NotePage, NoteService, is_note_id
from sayso.service.ports import Clock, Ids, Store


class CompanyNoteService:
    def __init__(self, store: Store, companies: CompanyService, notes: NoteService, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._companies = companies
        self._notes = notes
        self._clock = clock
        self._ids = ids

    async def create(self, author: Author, workspace_id: str, company_id: str, admin_id: str | None, text: str) -> Note:
        """Write a note on a company, in the name of an admin, by default the workspace's first.

        Raises CompanyNotFound, NotFound for an unknown admin, Missing, Invalid, Unavailable.
        """
        now = self._clock()
        act = Act(self._ids.act(now), now, author)
        note_id: str | None = None

        async def decide() -> CompanyChange | None:
            nonlocal note_id
            company = await self._companies.find(workspace_id, company_id)
            admin = await self._notes.find_admin(workspace_id, admin_id)
            body = note.body(text)
            # Taken when nothing can refuse the note any more, and kept when another try is needed.
            note_id = note_id or await self._notes.next_id(workspace_id)
            return rules.add_note(company, note_id, admin.id, body, act)

        change = await self._companies.commit(workspace_id, company_id, decide)
        assert change is not None
        assert change.note is not None
        return change.note

    async def page(self, workspace_id: str, company_id: str, number: int, size: int) -> NotePage:
        """A page of a company's notes; pages count from 1. Raises CompanyNotFound."""
        company = await self._companies.find(workspace_id, company_id)
        total, first = company.notes.total, (number - 1) * size
        if first >= total:
            return NotePage([], total)
        return NotePage(await self._store.company.notes(workspace_id, company_id, first, size), total)

    async def find(self, workspace_id: str, note_id: str) -> tuple[str, Note]:
        """A note of a live company, and the company's id. Raises NotFound."""
        found = await self._store.company.find_note(workspace_id, note_id) if is_note_id(note_id) else None
        company = found and await self._store.company.find(workspace_id, found[0])
        if not found or not company or company.state is not CompanyState.LIVE:
            raise NotFound(NO_SUCH_NOTE)
        return found
