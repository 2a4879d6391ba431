"""Companies of a contact, and contacts of a company: attached, detached, listed."""

from __future__ import annotations

from dataclasses import replace

from sayso.domain import contact_company as rules
from sayso.domain.act import Act, Author
from sayso.domain.company import Company, CompanyState
from sayso.domain.contact import Change, ContactState
from sayso.domain.errors import CompanyNotFound
from sayso.domain.paging import Cursor
from sayso.service.company import CompanyPage, CompanyService
from sayso.service.contact import ContactPage, ContactService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.turns import Turns


class ContactCompanyService:
    def __init__(
        self, store: Store, contacts: ContactService, companies: CompanyService, turns: Turns, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._companies = companies
        self._turns = turns
        self._clock = clock
        self._ids = ids

    async def attach(self, author: Author, workspace_id: str, contact_id: str, company_id: str) -> Company:
        """Make a contact belong to a company. Raises ContactNotFound, CompanyNotFound, TooManyCompanies."""
        act = self._act(author)
        held = await self._both(workspace_id, contact_id, company_id)

        async def decide() -> Change | None:
            contact = await self._contacts.find(workspace_id, contact_id)
            await self._companies.find(workspace_id, company_id)
            change = rules.attach(contact, company_id, act)
            return change and change._replace(joined=(company_id,))

        async with self._turns.of(workspace_id, contact_id):
            change = await decided(decide, self._store.contact.commit)
        return replace(held, user_count=held.user_count + (change is not None))

    async def detach(self, author: Author, workspace_id: str, contact_id: str, company_id: str) -> Company:
        """End that a contact belongs to a company. Raises ContactNotFound; CompanyNotFound where it does not."""
        act = self._act(author)
        held = await self._both(workspace_id, contact_id, company_id)

        async def decide() -> Change | None:
            contact = await self._contacts.find(workspace_id, contact_id)
            await self._companies.find(workspace_id, company_id)
            change = rules.detach(contact, company_id, act)
            if change is None:
                raise CompanyNotFound("the contact does not belong to the company")
            return change

        async with self._turns.of(workspace_id, contact_id):
            await decided(decide, self._store.contact.commit)
        return replace(held, user_count=max(held.user_count - 1, 0))

    async def companies(self, workspace_id: str, contact_id: str, number: int, size: int) -> CompanyPage:
        """The companies of a live contact, in the order in which it came to them. Raises ContactNotFound."""
        ids = (await self._contacts.find(workspace_id, contact_id)).links.companies
        wanted = ids[(number - 1) * size : number * size]
        found = [await self._store.company.find(workspace_id, company_id) for company_id in wanted]
        live = [company for company in found if company and company.state is CompanyState.LIVE]
        return CompanyPage(live, len(ids) - len(wanted) + len(live))

    async def contacts(
        self, workspace_id: str, company_id: str, after: Cursor | None, number: int, size: int
    ) -> ContactPage:
        """Live contacts of a company in the order of their ids: those after a cursor, or a page by its number."""
        total = (await self._companies.find(workspace_id, company_id)).user_count
        place, offset = (after.id, 0) if after else ("", (number - 1) * size)
        ids = await self._store.company.members(workspace_id, company_id, place, size + 1, offset)
        found = [await self._store.contact.find(workspace_id, contact_id) for contact_id in ids[:size]]
        live = [contact for contact in found if contact and contact.head.state is ContactState.LIVE]
        page = after.page + 1 if after else number
        following = Cursor(0, ids[size - 1], page, total) if len(ids) > size else None
        return ContactPage(live, page, total, following)

    async def _both(self, workspace_id: str, contact_id: str, company_id: str) -> Company:
        """The company before the change. Raises ContactNotFound, CompanyNotFound."""
        await self._contacts.find(workspace_id, contact_id)
        return await self._companies.find(workspace_id, company_id)

    def _act(self, author: Author) -> Act:
        now = self._clock()
        return Act(self._ids.act(now), now, author)
