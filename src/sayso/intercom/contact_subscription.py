"""A contact's subscriptions: list, attach, detach."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET

from sayso.domain.errors import ContactNotFound, Missing
from sayso.domain.standing import LONGEST_KEPT, Standing
from sayso.domain.subscription_type import SubscriptionType as DomainType
from sayso.http.response import Response
from sayso.intercom.attached import attached, attaching, detaching
from sayso.intercom.call import Call
from sayso.intercom.shapes.subscription_type import AttachSubscriptionType, SubscriptionType
from sayso.intercom.subscription_type import list_of, rendered

#: How many lists are kept until a type changes: there are far fewer ways to choose than contacts.
LISTS = 4_096

_ATTACH = msgspec.json.Decoder(AttachSubscriptionType)


async def list_of_contact(call: Call) -> Response:
    """The types attached to a contact, in the order chosen."""
    standing = await call.region.store.contact.standing(call.workspace_id, call.parameters[0])
    if standing is None:
        raise ContactNotFound("there is no such contact")
    if len(standing) > LONGEST_KEPT:
        return Response(_list(call, standing))
    lists = call.rendered("list")
    found = lists.get(standing)
    if found is None:
        if len(lists) >= LISTS:
            lists.clear()
        found = lists[standing] = _list(call, standing)
    return Response(found)


def _list(call: Call, standing: str) -> bytes:
    fragments, words = call.rendered("choice"), standing.split()
    for word in words:
        if word not in fragments:
            fragments[word] = _fragment(word, call.types)
    return list_of(filter(None, map(fragments.__getitem__, words)))


def _fragment(word: str, types: Mapping[str, DomainType]) -> bytes:
    """One choice of a packed standing as JSON, kept until a type changes; nothing where it is not attached."""
    return b",".join(
        msgspec.json.encode(SubscriptionType.of(type_)) for type_, _ in attached(Standing.unpacked(word), types)
    )


async def attach(call: Call) -> Response:
    """Opt in to an opt_in type, out of an opt_out one."""
    asked = call.body(_ATTACH)
    if asked.id is UNSET:
        raise Missing("id must name a subscription type", "id")
    wish_for = attaching(None if asked.consent_type is UNSET else asked.consent_type)
    type_ = await call.region.consent.choose(
        call.author, call.workspace_id, call.parameters[0], str(asked.id), wish_for
    )
    return Response(rendered(call, type_))


async def detach(call: Call) -> Response:
    """Opt out of an opt_in type, which is a withdrawal; take back the refusal of an opt_out type."""
    contact_id, type_id = call.parameters
    type_ = await call.region.consent.choose(call.author, call.workspace_id, contact_id, type_id, detaching)
    return Response(rendered(call, type_))
