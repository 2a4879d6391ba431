"""Items of bulk jobs, carried out as the single requests are. Each may be carried out twice, with the effect of one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from sayso.domain.bulk import BulkAction, BulkItem, BulkKind, BulkTask, CompanyLink
from sayso.domain.company import CompanyState, CompanyWish
from sayso.domain.contact import Contact, ContactDraft, ContactState, Profile, Role
from sayso.domain.contact_wish import ContactWish
from sayso.domain.errors import CompanyNotFound, ContactNotFound, DuplicateContact, Invalid, NotFound
from sayso.domain.ledger import Event
from sayso.domain.subscription_type import Channel
from sayso.service.company import CompanyService
from sayso.service.contact import ContactService
from sayso.service.contact_company import ContactCompanyService
from sayso.service.contact_tag import ContactTagService
from sayso.service.ports import Clock, Ids, Store, Stored
from sayso.service.snapshot import Snapshots


class BulkItems:
    def __init__(
        self,
        store: Store,
        snapshots: Snapshots,
        contacts: ContactService,
        companies: CompanyService,
        contact_companies: ContactCompanyService,
        contact_tags: ContactTagService,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._contacts = contacts
        self._companies = companies
        self._contact_companies = contact_companies
        self._contact_tags = contact_tags
        self._clock = clock
        self._ids = ids
        self._deeds = {
            (BulkKind.CONTACTS, BulkAction.CREATE): self._create_contact,
            (BulkKind.CONTACTS, BulkAction.UPDATE): self._update_contact,
            (BulkKind.CONTACTS, BulkAction.DELETE): self._delete_contact,
            (BulkKind.COMPANIES, BulkAction.CREATE): self._put_company,
            (BulkKind.COMPANIES, BulkAction.UPDATE): self._update_company,
            (BulkKind.COMPANIES, BulkAction.DELETE): self._delete_company,
        }

    async def prepare(self, workspace_id: str, kind: BulkKind, action: BulkAction, item: BulkItem) -> BulkItem:
        """An item as it is stored: with all that a second try must not decide anew."""
        if item.is_refused:
            return item
        match kind, action:
            case BulkKind.CONTACTS, BulkAction.CREATE:
                item = replace(item, id=self._ids.contact(self._clock()))
            case BulkKind.COMPANIES, BulkAction.CREATE if "external_id" not in item.given:
                item = replace(item, given={**item.given, "external_id": self._ids.uuid()})
            case BulkKind.CONTACTS, BulkAction.UPDATE if item.unsubscribed_from_emails is False:
                head = await self._store.contact.head(workspace_id, item.id)
                item = replace(item, seq=head.chain.seq if head else 0)
            case BulkKind.CONTACTS, BulkAction.DELETE:
                contact = await self._store.contact.find(workspace_id, item.id)
                states = (ContactState.LIVE, ContactState.ARCHIVED)
                item = replace(item, was_there=contact is not None and contact.head.state in states)
            case BulkKind.COMPANIES, BulkAction.DELETE:
                company = await self._store.company.find(workspace_id, item.id)
                item = replace(item, was_there=company is not None and company.state is CompanyState.LIVE)
        return item

    async def carry_out(self, task: BulkTask, item: BulkItem) -> None:
        """Raises what the single request raises."""
        await self._deeds[task.kind, task.action](task, item)

    async def _create_contact(self, task: BulkTask, item: BulkItem) -> None:
        # One with this id is of an earlier try.
        if await self._store.contact.find(task.workspace_id, item.id) is None:
            wish = _contact_wish(item)
            role = Role(wish.given.get("role") or Role.USER)
            draft = wish.draft(Profile(role, self._contacts.lead_external_id(role)))
            try:
                await self._contacts.create(task.author, task.workspace_id, draft, contact_id=item.id)
            except DuplicateContact as taken:
                if taken.contact_id != item.id:
                    raise
        await self._link(task, item)

    async def _update_contact(self, task: BulkTask, item: BulkItem) -> None:
        wish, unchanged_at = _contact_wish(item), -1
        if wish.unsubscribed_from_emails is False:
            unchanged_at = await self._may_be_lifted_at(task.workspace_id, item)

        def draft_of(contact: Contact) -> ContactDraft:
            stays = wish.unsubscribed_from_emails is False and contact.head.chain.seq != unchanged_at
            return (wish._replace(unsubscribed_from_emails=None) if stays else wish).draft(contact.profile)

        await self._contacts.update(task.author, task.workspace_id, item.id, draft_of)
        await self._link(task, item)

    async def _may_be_lifted_at(self, workspace_id: str, item: BulkItem) -> int:
        """The `seq` at which a contact's stop of emails may be lifted; -1 where it must stay: it is younger than the
        request, which cannot have meant it. A try that is repeated meets one, and so does a job that waited."""
        head = await self._store.contact.head(workspace_id, item.id)
        if head is None or head.chain.seq == item.seq:
            return item.seq
        chain = await self._store.ledger.chain(workspace_id, item.id)
        younger = (one.entry for one in chain if isinstance(one, Stored) and one.entry.seq > item.seq)
        is_stopped = any(one.channel == Channel.EMAIL and one.event is Event.UNSUBSCRIBED_ALL for one in younger)
        return -1 if is_stopped else head.chain.seq

    async def _delete_contact(self, task: BulkTask, item: BulkItem) -> None:
        with _unless_gone(item):
            await self._contacts.delete(task.author, task.workspace_id, item.id)

    async def _put_company(self, task: BulkTask, item: BulkItem) -> None:
        external_id = item.given["external_id"]
        await self._companies.put(task.author, task.workspace_id, external_id, _company_wish(item).profile)

    async def _update_company(self, task: BulkTask, item: BulkItem) -> None:
        await self._companies.update(task.author, task.workspace_id, item.id, _company_wish(item).profile)

    async def _delete_company(self, task: BulkTask, item: BulkItem) -> None:
        with _unless_gone(item):
            await self._companies.find(task.workspace_id, item.id)
            await self._companies.delete(task.author, task.workspace_id, item.id)

    async def _link(self, task: BulkTask, item: BulkItem) -> None:
        for company in item.companies:
            await self._link_company(task, item.id, company)
            # Requests get in between, also where no store has to be waited for.
            await asyncio.sleep(0)
        if not item.add_tags and not item.remove_tags:
            return
        admin_id = (await self._snapshots.required(task.workspace_id)).admins[0].id
        # Tags are put on as far as that is possible.
        for tag_id in item.add_tags:
            with suppress(NotFound, Invalid):
                await self._contact_tags.tag(task.author, task.workspace_id, item.id, tag_id, admin_id)
            await asyncio.sleep(0)
        for tag_id in item.remove_tags:
            with suppress(NotFound, Invalid):
                await self._contact_tags.untag(task.author, task.workspace_id, item.id, tag_id)
            await asyncio.sleep(0)

    async def _link_company(self, task: BulkTask, contact_id: str, link: CompanyLink) -> None:
        author, workspace_id = task.author, task.workspace_id
        # A company that is not there, or that the contact does not belong to, is as good as removed.
        if link.remove:
            with suppress(CompanyNotFound):
                company = await self._companies.find_by_external_id(workspace_id, link.company_id)
                await self._contact_companies.detach(author, workspace_id, contact_id, company.id)
            return
        wish = CompanyWish({} if link.name is None else {"name": link.name}).profile
        company = await self._companies.put(author, workspace_id, link.company_id, wish)
        await self._contact_companies.attach(author, workspace_id, contact_id, company.id)


def _unless_gone(item: BulkItem) -> suppress:
    """Of what was there when the request came, that it is gone is no error: an earlier try may have deleted it."""
    return suppress(*((ContactNotFound, CompanyNotFound) if item.was_there else ()))


def _contact_wish(item: BulkItem) -> ContactWish:
    return ContactWish(item.given, item.custom_attributes, item.unsubscribed_from_emails)


def _company_wish(item: BulkItem) -> CompanyWish:
    given = {name: value for name, value in item.given.items() if name != "external_id"}
    return CompanyWish(given, item.custom_attributes, item.is_seen)
