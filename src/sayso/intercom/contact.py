"""Contacts: create, list, find, update, delete."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from sayso.domain.contact import Contact as DomainContact
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.contact_wish import ContactWish
from sayso.domain.errors import Invalid
from sayso.domain.paging import Cursor, size
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.contact_merge import objects_of
from sayso.intercom.contact_object import object_of, page
from sayso.intercom.shapes.contact import (
    AvatarGiven,
    ContactFields,
    ContactList,
    DeletedContact,
    NextPage,
    Pages,
)
from sayso.intercom.versions import Version
from sayso.service.contact import ContactPage

PER_PAGE, MOST_PER_PAGE = 10, 150

_FIELDS = msgspec.json.Decoder(ContactFields)


async def create(call: Call) -> Response:
    """A new contact; without a role it is a user. Intercom answers 200."""
    fields = _fields(call)
    role = Role(fields.role or Role.USER)
    external_id = call.region.contacts.lead_external_id(role)
    draft = wish_of(fields).draft(Profile(role, external_id))
    contact = await call.region.contacts.create(call.author, call.workspace_id, draft)
    return Response(object_of(call, contact))


async def list_all(call: Call) -> Response:
    """A page of contacts in the order (created_at, id)."""
    after, per_page = asked_page(call)
    found = await call.region.contacts.page(call.workspace_id, after, per_page)
    return page(call, ContactList, await objects_of(call, found.contacts), found.total, pages_of(found, per_page))


async def find(call: Call) -> Response:
    contact = await call.region.contacts.find(call.workspace_id, call.parameters[0])
    return await _reply(call, contact)


async def find_by_external_id(call: Call) -> Response:
    """A user by the customer's own id. Since 2.13."""
    contact = await call.region.contacts.find_by_external_id(call.workspace_id, call.parameters[0])
    return await _reply(call, contact)


async def update(call: Call) -> Response:
    """Change what the body names; custom attributes are merged key by key."""
    wish = wish_of(_fields(call))

    def draft_of(contact: DomainContact) -> ContactDraft:
        return wish.draft(contact.profile)

    contact_id = call.parameters[0]
    contact = await call.region.contacts.update(call.author, call.workspace_id, contact_id, draft_of)
    return await _reply(call, contact)


async def delete(call: Call) -> Response:
    contact = await call.region.contacts.delete(call.author, call.workspace_id, call.parameters[0])
    return call.reply(DeletedContact(contact.id, contact.profile.external_id))


def asked_page(call: Call) -> tuple[Cursor | None, int]:
    """The place that a page of contacts begins after, and its size. Raises Invalid, WrongCursor."""
    query = call.request.query
    per_page = size(query.get("per_page", str(PER_PAGE)), "per_page", MOST_PER_PAGE)
    word = query.get("starting_after")
    return Cursor.of(word, "starting_after") if word else None, per_page


def pages_of(found: ContactPage, per_page: int) -> Pages:
    """Where a page stands among the others, and what leads to the next."""
    pages = Pages(found.page, per_page, -(-found.total // per_page))
    if found.following is not None:
        pages.next = NextPage(found.page + 1, found.following.word())
    return pages


async def _reply(call: Call, contact: DomainContact) -> Response:
    (encoded,) = await objects_of(call, [contact])
    return Response(encoded)


def _fields(call: Call) -> ContactFields:
    """The body; what a version did not know yet is passed over."""
    fields = call.body(_FIELDS)
    if call.version < Version.V2_16:
        fields.email_verified = UNSET
    if fields.email_verified not in (UNSET, None) and not isinstance(fields.email, str):
        raise Invalid("email_verified must come together with an email", "email_verified")
    return fields


def wish_of(fields: ContactFields) -> ContactWish:
    """What the body asks for."""
    given: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(fields, name)) is not UNSET}
    if fields.role:
        given["role"] = fields.role
    if fields.avatar is not UNSET:
        given["avatar"] = fields.avatar.image_url if isinstance(fields.avatar, AvatarGiven) else fields.avatar
    if fields.owner_id is not UNSET:
        given["owner_id"] = None if fields.owner_id is None else str(fields.owner_id)
    stop = fields.unsubscribed_from_emails
    return ContactWish(given, fields.custom_attributes or {}, None if stop is UNSET else stop)


_PLAIN = (
    "external_id",
    "email",
    "email_verified",
    "phone",
    "name",
    "signed_up_at",
    "last_seen_at",
    "language_override",
)
