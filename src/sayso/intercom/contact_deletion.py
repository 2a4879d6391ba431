"""Contacts that are not active any more, and deletions on request."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sayso.domain.errors import Missing
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.contact import asked_page, pages_of
from sayso.intercom.shapes.contact_deletion import DeletionFields, DeletionRequest, InactiveContact, InactiveContactList

_FIELDS = msgspec.json.Decoder(DeletionFields)


async def list_inactive(call: Call) -> Response:
    """A page of archived, blocked, merged and deleted contacts in the order (created_at, id). Preview alone."""
    after, per_page = asked_page(call)
    found = await call.region.contacts.page_of_inactive(call.workspace_id, after, per_page)
    shown = [InactiveContact.of(contact) for contact in found.contacts]
    return call.reply(InactiveContactList(shown, found.total, pages_of(found, per_page)))


async def request(call: Call) -> Response:
    """Delete a contact, live or archived, as `DELETE /contacts/{id}` does."""
    fields = call.body(_FIELDS)
    if fields.intercom_user_id is UNSET:
        raise Missing("intercom_user_id must name a contact", "intercom_user_id")
    contact = await call.region.contacts.delete(call.author, call.workspace_id, fields.intercom_user_id)
    return call.reply(DeletionRequest(contact.id))
