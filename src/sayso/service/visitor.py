"""Visitors: leads, as the part of Intercom's API sees them that is older than contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sayso.domain.act import Author
from sayso.domain.address import trim
from sayso.domain.contact import Contact, ContactDraft, Role
from sayso.domain.errors import ContactNotFound, Invalid, VisitorNotFound
from sayso.service.contact import ContactService
from sayso.service.merge import MergeService
from sayso.service.search import SearchService


class Identity(NamedTuple):
    """What a visitor or a contact is named by: our id counts before the `user_id`, and that before the email."""

    id: str | None = None
    user_id: str | None = None
    email: str | None = None


class VisitorService:
    def __init__(self, contacts: ContactService, merges: MergeService, search: SearchService) -> None:
        self._contacts = contacts
        self._merges = merges
        self._search = search

    async def find(self, workspace_id: str, named: Identity) -> Contact:
        """A live lead; of several with one email the newest. Raises VisitorNotFound, Invalid."""
        if named.id is not None:
            try:
                return _checked(await self._contacts.find(workspace_id, named.id))
            except ContactNotFound:
                raise VisitorNotFound("there is no such visitor") from None
        found = await self._leads(workspace_id, named)
        if not found:
            raise VisitorNotFound("there is no such visitor")
        return found[-1]

    async def update(
        self, author: Author, workspace_id: str, named: Identity, draft_of: Callable[[Contact], ContactDraft]
    ) -> Contact:
        """Change a visitor to what `draft_of` makes of it. Raises VisitorNotFound, Invalid, Unavailable."""
        found = await self.find(workspace_id, named)

        def checked(contact: Contact) -> ContactDraft:
            return draft_of(_checked(contact))

        return await self._contacts.update(author, workspace_id, found.id, checked)

    async def convert(
        self, author: Author, workspace_id: str, visitor: Identity, contact: Identity, role: Role
    ) -> Contact:
        """Merge a visitor into the contact of this role that is named; where there is none the visitor becomes it.

        Raises VisitorNotFound, ContactNotFound, Invalid, Missing, DuplicateContact, Unavailable.
        """
        source = await self.find(workspace_id, visitor)
        into = await self._known(workspace_id, contact, role)
        if into is None or into.id == source.id:
            return await self._become(author, workspace_id, source, contact, role)
        if into.profile.role is not role:
            raise Invalid(f"'user' must name a {role} where 'type' is '{role}'", "user")
        roles = {(Role.LEAD, role)}
        return await self._merges.merge(author, workspace_id, source.id, into.id, duplicates_only=False, roles=roles)

    async def _become(
        self, author: Author, workspace_id: str, visitor: Contact, named: Identity, role: Role
    ) -> Contact:
        """The visitor with a role and what it is named by from now on. An email that is not named stays."""

        def draft_of(contact: Contact) -> ContactDraft:
            profile = _checked(contact).profile._replace(role=role)
            if role is Role.USER or named.user_id is not None:
                profile = profile._replace(external_id=named.user_id)
            if named.email is not None and trim(named.email) != profile.email:
                profile = profile._replace(email=named.email, email_verified=None)
            return ContactDraft(profile)

        return await self._contacts.update(author, workspace_id, visitor.id, draft_of)

    async def _known(self, workspace_id: str, named: Identity, role: Role) -> Contact | None:
        """The contact that is named. Leads share emails freely, so none is found by one. Raises ContactNotFound."""
        if named.id is not None:
            return await self._contacts.find(workspace_id, named.id)
        if role is Role.LEAD:
            leads = await self._leads(workspace_id, named) if named.user_id is not None else []
            return leads[-1] if leads else None
        users = (one for one in await self._identified(workspace_id, named) if one.profile.role is Role.USER)
        # An older user claims an email that others share.
        return min(users, key=lambda one: (one.profile.shares_email, one.created_at, one.id), default=None)

    async def _leads(self, workspace_id: str, named: Identity) -> list[Contact]:
        """In order of creation."""
        return [one for one in await self._identified(workspace_id, named) if one.profile.role is Role.LEAD]

    async def _identified(self, workspace_id: str, named: Identity) -> list[Contact]:
        field, value = ("email", named.email) if named.user_id is None else ("external_id", named.user_id)
        if value is None or "\0" in value:
            return []
        found = await self._search.identified(workspace_id, field, value)
        if found is None:
            raise Invalid("too many contacts have this identifier: name one by its id", "id")
        return found


def _checked(contact: Contact) -> Contact:
    """Raises VisitorNotFound where a contact is a user."""
    if contact.profile.role is not Role.LEAD:
        raise VisitorNotFound("there is no such visitor")
    return contact
