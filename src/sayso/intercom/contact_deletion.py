"""Deletions on request."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sayso.domain.errors import Missing
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.contact_deletion import DeletionFields, DeletionRequest

_FIELDS = msgspec.json.Decoder(DeletionFields)


async def request(call: Call) -> Response:
    """Delete a contact, live or archived, as `DELETE /contacts/{id}` does."""
    fields = call.body(_FIELDS)
    if fields.intercom_user_id is UNSET:
        raise Missing("intercom_user_id must name a contact", "intercom_user_id")
    contact = await call.region.contacts.delete(call.author, call.workspace_id, fields.intercom_user_id)
    return call.reply(DeletionRequest(contact.id))
