"""Tags of contacts and of companies: put on, taken off, listed; one at a time, or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sayso.domain import company as company_rules
from sayso.domain import contact_tag as rules
from sayso.domain.act import Act, Author
from sayso.domain.address import normalize_email
from sayso.domain.company import Company, CompanyChange
from sayso.domain.contact import Change, Contact
from sayso.domain.errors import ContactNotFound, Invalid, NotFound
from sayso.domain.links import Tagging
from sayso.domain.tag import Tag
from sayso.service.company import CompanyService
from sayso.service.contact import ContactService
from sayso.service.ports import Store
from sayso.service.snapshot import Snapshots
from sayso.service.tag import TagService

#: A tag, and how it came to what has it.
Applied = tuple[Tag, Tagging]


@dataclass(frozen=True, slots=True)
class Marking:
    """What a tag is put on or taken from: by our id or, without, by one of the customer's."""

    id: str | None = None
    external_id: str | None = None
    email: str | None = None
    untag: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """A tag, and the ids of what has it now or has it no more."""

    tag: Tag
    contacts: list[tuple[str, bool]]
    companies: list[tuple[str, bool]]


class ContactTagService:
    def __init__(
        self, store: Store, snapshots: Snapshots, contacts: ContactService, companies: CompanyService, tags: TagService
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._contacts = contacts
        self._companies = companies
        self._tags = tags

    async def all(self, workspace_id: str, contact_id: str) -> list[Applied]:
        """A live contact's tags, in the order in which they came. Raises ContactNotFound."""
        contact = await self._contacts.find(workspace_id, contact_id)
        # Of several that came in one millisecond, the contact's row alone knows the order.
        place = {tag_id: number for number, tag_id in enumerate(contact.links.tags)}
        found = await self._store.links.tags(workspace_id, contact_id)
        rows = sorted(found, key=lambda row: place.get(row.tag_id, len(place)))
        snapshot = await self._snapshots.of(workspace_id)
        if snapshot is not None and any(row.tag_id not in snapshot.tags.by_id for row in rows):
            snapshot = await self._snapshots.current(workspace_id)
        known = snapshot.tags.by_id if snapshot else {}
        return [(known[row.tag_id], row) for row in rows if row.tag_id in known]

    async def tag(self, author: Author, workspace_id: str, contact_id: str, tag_id: str, admin_id: str) -> Applied:
        """Put a tag on a contact, once. Raises ContactNotFound, NotFound, Invalid."""
        await self._contacts.find(workspace_id, contact_id)
        tag = await self._tags.find(workspace_id, tag_id)
        applied = await self._put(author, workspace_id, contact_id, tag, admin_id)
        if applied is None:
            rows = await self._store.links.tags(workspace_id, contact_id)
            applied = next((row for row in rows if row.tag_id == tag_id), Tagging(tag_id, tag.created_at, admin_id))
        return tag, applied

    async def untag(self, author: Author, workspace_id: str, contact_id: str, tag_id: str) -> Applied:
        """Take a tag from a contact, and say how it had come. Raises ContactNotFound; NotFound where it has it not."""
        applied = {row.tag_id: (tag, row) for tag, row in await self.all(workspace_id, contact_id)}
        if tag_id not in applied or not await self._take(author, workspace_id, contact_id, tag_id):
            raise NotFound("the contact does not have the tag")
        return applied[tag_id]

    async def mark(
        self,
        author: Author,
        workspace_id: str,
        tag: str,
        admin_id: str,
        contacts: Sequence[Marking],
        companies: Sequence[Marking],
        *,
        by_id: bool,
        skip_missing: bool = False,
    ) -> Marked:
        """Put a tag on contacts and companies, or take it from them; by its name it is made where there is none.

        Everything is found before anything is changed. With `skip_missing`, contacts and companies that do not exist
        are left out. Raises ContactNotFound, CompanyNotFound, NotFound, Invalid.
        """
        people = await _find_all(workspace_id, contacts, self._contact, skip_missing=skip_missing)
        firms = await _find_all(workspace_id, companies, self._company, skip_missing=skip_missing)
        found = await (self._tags.find if by_id else self._tags.named)(workspace_id, tag)
        await asyncio.gather(
            *(
                self._take(author, workspace_id, contact_id, found.id)
                if one.untag
                else self._put(author, workspace_id, contact_id, found, admin_id)
                for one, contact_id in people
            )
        )
        for one, company_id in firms:
            await self._mark_company(author, workspace_id, company_id, found.id, untag=one.untag)
        return Marked(found, _told(people), _told(firms))

    async def _put(self, author: Author, workspace_id: str, contact_id: str, tag: Tag, admin_id: str) -> Tagging | None:
        snapshot = await self._snapshots.of(workspace_id)
        applied: Tagging | None = None

        def rule(contact: Contact, act: Act) -> Change | None:
            nonlocal applied
            gone = {known for known in contact.links.tags if snapshot and snapshot.tags.is_gone(known)}
            change = rules.tag(contact, tag.id, admin_id, act, gone)
            applied = Tagging(tag.id, act.at, admin_id) if change else None
            return change

        await self._contacts.change(author, workspace_id, contact_id, rule)
        return applied

    async def _take(self, author: Author, workspace_id: str, contact_id: str, tag_id: str) -> bool:
        before, after = await self._contacts.change(
            author, workspace_id, contact_id, lambda contact, act: rules.untag(contact, tag_id, act)
        )
        return before is not after

    async def _mark_company(
        self, author: Author, workspace_id: str, company_id: str, tag_id: str, *, untag: bool
    ) -> None:
        def rule(company: Company, act: Act) -> CompanyChange | None:
            if untag:
                return company_rules.untag(company, tag_id, act)
            if len(company.tags) >= rules.TAGS_LIMIT:
                raise Invalid(f"a company has at most {rules.TAGS_LIMIT} tags")
            return company_rules.tag(company, tag_id, act)

        await self._companies.change(author, workspace_id, company_id, rule)

    async def _contact(self, workspace_id: str, wanted: Marking) -> str:
        if wanted.id is not None:
            return (await self._contacts.find(workspace_id, wanted.id)).id
        if wanted.external_id is not None:
            return (await self._contacts.find_by_external_id(workspace_id, wanted.external_id)).id
        claims = await self._store.contact.claims(workspace_id, {"email": normalize_email(wanted.email or "")})
        if "email" not in claims:
            raise ContactNotFound("there is no such contact")
        return (await self._contacts.find(workspace_id, claims["email"].contact_id)).id

    async def _company(self, workspace_id: str, wanted: Marking) -> str:
        if wanted.id is not None:
            return (await self._companies.find(workspace_id, wanted.id)).id
        return (await self._companies.find_by_external_id(workspace_id, wanted.external_id or "")).id


async def _find_all(
    workspace_id: str,
    wanted: Sequence[Marking],
    find: Callable[[str, Marking], Awaitable[str]],
    *,
    skip_missing: bool,
) -> list[tuple[Marking, str]]:
    """Each marking with the id of what it names."""

    async def find_one(marking: Marking) -> tuple[Marking, str] | None:
        try:
            return marking, await find(workspace_id, marking)
        except NotFound:
            if skip_missing:
                return None
            raise

    found = await asyncio.gather(*map(find_one, wanted))
    return [each for each in found if each is not None]


def _told(marked: Sequence[tuple[Marking, str]]) -> list[tuple[str, bool]]:
    return [(id_, not one.untag) for one, id_ in marked]
