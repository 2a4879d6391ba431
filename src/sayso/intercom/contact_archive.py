"""Contacts put away: archive, unarchive, block."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.contact_archive import ArchivedContact, BlockedContact


async def archive(call: Call) -> Response:
    """Put a contact away: it is not found until it is unarchived, and what it is known by stays its own."""
    contact = await call.region.contacts.archive(call.author, call.workspace_id, call.parameters[0])
    return call.reply(ArchivedContact(contact.id, contact.profile.external_id, archived=True))


async def unarchive(call: Call) -> Response:
    """Bring an archived contact back as it was."""
    contact = await call.region.contacts.unarchive(call.author, call.workspace_id, call.parameters[0])
    return call.reply(ArchivedContact(contact.id, contact.profile.external_id, archived=False))


async def block(call: Call) -> Response:
    """Put a contact away for good. Since 2.13."""
    contact = await call.region.contacts.block(call.author, call.workspace_id, call.parameters[0])
    return call.reply(BlockedContact(contact.id, contact.profile.external_id))
