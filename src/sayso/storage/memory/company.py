"""Companies and the open scroll in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sayso.domain.company import CLAIM, Company, CompanyChange, CompanyState
from sayso.domain.contact import Claim, ContactState
from sayso.domain.errors import Stale
from sayso.domain.links import Membership, Note
from sayso.domain.scroll import Scroll
from sayso.service.ports import Unreadable
from sayso.service.ports_company import CompanyFilter, CompanyRow
from sayso.storage.memory.contact import MemoryContactStore


class MemoryCompanyStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts
        self._companies = contacts.companies
        self._notes: dict[tuple[str, str], list[Note]] = {}

    async def find(self, workspace_id: str, company_id: str) -> Company | None:
        company = self._companies.get((workspace_id, company_id))
        return company and replace(company, user_count=self._contacts.user_counts[workspace_id, company_id])

    async def live(self, workspace_id: str, company_ids: Sequence[str]) -> set[str]:
        found = [self._companies.get((workspace_id, company_id)) for company_id in company_ids]
        return {company.id for company in found if company and company.state is CompanyState.LIVE}

    async def several(self, workspace_id: str, company_ids: Sequence[str]) -> list[Company]:
        found = [await self.find(workspace_id, company_id) for company_id in company_ids]
        return [company for company in found if company and company.state is CompanyState.LIVE]

    async def page(self, workspace_id: str, wanted: CompanyFilter, limit: int, offset: int) -> list[Company]:
        found = self.matching(workspace_id, wanted)
        if wanted.name is not None:
            found.sort(key=lambda company: company.id, reverse=True)
        else:
            found.sort(key=lambda company: (company.profile.last_request_at or 0, company.id))
            found = found if wanted.ascending else found[::-1]
        return found[offset : offset + limit]

    async def count(self, workspace_id: str, wanted: CompanyFilter) -> int:
        return len(self.matching(workspace_id, wanted))

    async def after(self, workspace_id: str, place: str, limit: int) -> list[Company]:
        found = (company for company in self.matching(workspace_id, CompanyFilter()) if company.id > place)
        return sorted(found, key=lambda company: company.id)[:limit]

    async def deleted(self, workspace_id: str) -> list[str]:
        return [company.id for company in self._of(workspace_id) if company.state is CompanyState.DELETED]

    async def members(self, workspace_id: str, company_id: str, place: str, limit: int, offset: int) -> list[str]:
        found = [contact_id for contact_id in await self._members(workspace_id, company_id) if contact_id > place]
        return found[offset : offset + limit]

    async def count_members(self, workspace_id: str, company_ids: Sequence[str]) -> dict[str, int]:
        return {company_id: len(await self._members(workspace_id, company_id)) for company_id in company_ids}

    async def attached(self, workspace_id: str, company_id: str, limit: int) -> list[str]:
        return self._attached(workspace_id, company_id)[:limit]

    async def notes(self, workspace_id: str, company_id: str, offset: int, limit: int) -> list[Note]:
        notes = self._notes.get((workspace_id, company_id), [])
        newest_first = sorted(notes, key=lambda note: (note.created_at, int(note.id)), reverse=True)
        return newest_first[offset : offset + limit]

    async def find_note(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        for (owner, company_id), notes in self._notes.items():
            for note in notes:
                if (owner, note.id) == (workspace_id, note_id):
                    return company_id, note
        return None

    async def commit(self, change: CompanyChange) -> None:
        _, _, before, after, written = change
        key = (after.workspace_id, after.id)
        place = (after.workspace_id, CLAIM, after.profile.external_id)
        if self._companies.get(key) != before or (before is None and place in self._contacts.held):
            raise Stale("somebody was faster")
        self._companies[key] = after
        if before is None:
            self._contacts.held[place] = Claim(*place[1:], after.id, ContactState.LIVE, after.created_at)
        elif after.state is not before.state:
            del self._contacts.held[place]
            self._notes.pop(key, None)
        if written is not None:
            self._notes.setdefault(key, []).append(written)

    async def forget(self, workspace_id: str, company_id: str) -> None:
        kept = self._companies.get((workspace_id, company_id))
        if kept and kept.state is CompanyState.DELETED:
            del self._companies[workspace_id, company_id]

    async def holders(self, workspace_id: str, place: str, limit: int) -> list[CompanyRow | Unreadable]:
        ids = sorted(company.id for company in self._of(workspace_id) if company.id > place)
        return await self.named(workspace_id, ids[:limit])

    async def named(self, workspace_id: str, company_ids: Sequence[str]) -> list[CompanyRow | Unreadable]:
        found = [await self.find(workspace_id, company_id) for company_id in company_ids]
        return [self._row(company) for company in found if company]

    def _row(self, company: Company) -> CompanyRow:
        count = len(self._notes.get((company.workspace_id, company.id), ()))
        id_, state, external_id = company.id, company.state, company.profile.external_id
        return CompanyRow(id_, state, external_id, company.user_count, company.notes.packed(), count)

    def _of(self, workspace_id: str) -> list[Company]:
        counts = self._contacts.user_counts
        found = ((key, company) for key, company in self._companies.items() if key[0] == workspace_id)
        return [replace(company, user_count=counts[key]) for key, company in found]

    def matching(self, workspace_id: str, wanted: CompanyFilter) -> list[Company]:
        """Live companies, in any order."""
        return [
            company
            for company in self._of(workspace_id)
            if company.state is CompanyState.LIVE
            and (wanted.name is None or company.profile.name == wanted.name)
            and (wanted.name is not None or wanted.tag_id is None or wanted.tag_id in company.tags)
        ]

    def _attached(self, workspace_id: str, company_id: str) -> list[str]:
        linked = self._contacts.linked.items()
        return sorted(
            contact_id
            for (owner, contact_id), rows in linked
            if owner == workspace_id and (Membership, company_id) in rows
        )

    async def _members(self, workspace_id: str, company_id: str) -> list[str]:
        heads = {head.id: head.state for head in await self._contacts.heads(workspace_id)}
        attached = self._attached(workspace_id, company_id)
        return [contact_id for contact_id in attached if heads[contact_id] is ContactState.LIVE]


class MemoryScrollStore:
    def __init__(self) -> None:
        self._scrolls: dict[str, Scroll] = {}

    async def find(self, workspace_id: str) -> Scroll | None:
        return self._scrolls.get(workspace_id)

    async def commit(self, before: Scroll | None, after: Scroll) -> None:
        if self._scrolls.get(after.workspace_id) != before:
            raise Stale("somebody was faster")
        self._scrolls[after.workspace_id] = after

    async def close(self, before: Scroll) -> None:
        if self._scrolls.get(before.workspace_id) != before:
            raise Stale("somebody was faster")
        del self._scrolls[before.workspace_id]
