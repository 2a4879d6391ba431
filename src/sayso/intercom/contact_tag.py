"""A contact's tags: list, tag, untag."""

from __future__ import annotations

import msgspec

from sayso.domain.errors import Missing
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.tag import Tag, TagChoice, TagList

_CHOICE = msgspec.json.Decoder(TagChoice)


async def list_of_contact(call: Call) -> Response:
    """The contact's tags, in the order in which they came."""
    found = await call.region.contact_tags.all(call.workspace_id, call.parameters[0])
    return call.reply(TagList([Tag.of(tag, applied) for tag, applied in found]))


async def tag(call: Call) -> Response:
    """Put a tag on a contact. One that it has already stays as it came."""
    given = call.body(_CHOICE)
    contact_id = call.parameters[0]
    if not given.id:
        raise Missing("id must name the tag", "id")
    found = await call.region.contact_tags.tag(call.author, call.workspace_id, contact_id, str(given.id), call.admin_id)
    return call.reply(Tag.of(*found))


async def untag(call: Call) -> Response:
    """Take a tag from a contact, and say how it had come."""
    contact_id, tag_id = call.parameters
    return call.reply(Tag.of(*await call.region.contact_tags.untag(call.author, call.workspace_id, contact_id, tag_id)))
