"""Visitors: find, update, convert. Every lead is one: Sayso has no Messenger, which others come from."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from sayso.domain.contact import Contact, ContactDraft, Role
from sayso.domain.errors import Missing
from sayso.http.response import Response
from sayso.intercom import contact_company
from sayso.intercom.call import Call
from sayso.intercom.company import shape
from sayso.intercom.contact_object import object_of
from sayso.intercom.shapes.visitor import ConversionFields, Visitor, VisitorFields, VisitorIdentity
from sayso.service.visitor import Identity

_FIELDS = msgspec.json.Decoder(VisitorFields)
_CONVERSION = msgspec.json.Decoder(ConversionFields)


async def find(call: Call) -> Response:
    """A visitor by its `user_id`, which is the lead's `external_id`."""
    user_id = call.request.query.get("user_id")
    if not user_id:
        raise Missing("user_id must name a visitor", "user_id")
    return await _reply(call, await call.region.visitors.find(call.workspace_id, Identity(user_id=user_id)))


async def find_by_id(call: Call) -> Response:
    """A visitor by its id."""
    return await _reply(call, await call.region.visitors.find(call.workspace_id, Identity(call.parameters[0])))


async def update(call: Call) -> Response:
    """Change a visitor's name and custom attributes; these are merged key by key."""
    fields = call.body(_FIELDS)
    named = Identity(_text(fields.id), _text(fields.user_id))
    if named == Identity():
        raise Missing("id or user_id must name a visitor", "id")

    def draft_of(contact: Contact) -> ContactDraft:
        wanted: dict[str, Any] = {} if fields.name is UNSET else {"name": fields.name}
        if fields.custom_attributes:
            wanted["custom_attributes"] = {**contact.profile.custom_attributes, **fields.custom_attributes}
        return ContactDraft(contact.profile._replace(**wanted))

    return await _reply(call, await call.region.visitors.update(call.author, call.workspace_id, named, draft_of))


async def convert(call: Call) -> Response:
    """Make a contact of a visitor: it is merged into the lead or user that `user` names, and where there is none it
    becomes that one itself. Its consent comes along as in a merge of contacts."""
    fields = call.body(_CONVERSION)
    if fields.type is UNSET:
        raise Missing("type must be lead or user", "type")
    visitor, contact = _identity(fields.visitor, "visitor"), _identity(fields.user, "user")
    found = await call.region.visitors.convert(call.author, call.workspace_id, visitor, contact, Role(fields.type))
    return Response(object_of(call, found))


def _identity(given: VisitorIdentity | UnsetType, field: str) -> Identity:
    named = Identity() if given is UNSET else Identity(*map(_text, (given.id, given.user_id, given.email)))
    if named == Identity():
        raise Missing(f"{field} must have one of id, user_id and email", field)
    return named


def _text(given: str | UnsetType | None) -> str | None:
    return given if isinstance(given, str) and given else None


async def _reply(call: Call, contact: Contact) -> Response:
    """A visitor with all that hangs on it; of companies, as many as are on the first page of a contact's."""
    held = await call.region.contact_companies.companies(call.workspace_id, contact.id, 1, contact_company.PER_PAGE)
    segments = await call.region.segments.of_contact(call.snapshot.workspace, contact.id)
    companies = [shape(call, company) for company in held.companies]
    tags = call.snapshot.tags.by_id
    known = [tags[tag_id] for tag_id in contact.links.tags if tag_id in tags]
    return call.reply(Visitor.of(contact, companies, known, [segment.id for segment in segments]))
