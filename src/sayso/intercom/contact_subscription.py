"""A contact's subscriptions: list, attach, detach."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sayso.domain.errors import Missing
from sayso.domain.standing import Standing
from sayso.http.response import Response
from sayso.intercom.attached import attached, attaching, detaching
from sayso.intercom.call import Call
from sayso.intercom.shapes.subscription_type import AttachSubscriptionType, SubscriptionType, SubscriptionTypeList

#: How many lists a snapshot keeps rendered: with a handful of types there are few distinct ones.
MEMO_LIMIT = 4_096

_ATTACH = msgspec.json.Decoder(AttachSubscriptionType)


async def list_of_contact(call: Call) -> Response:
    """The types attached to a contact, in the order chosen."""
    standing = await call.region.consent.standing(call.workspace_id, call.parameters[0])
    memo = call.rendered
    body = memo.get(standing)
    if body is None:
        chosen = attached(Standing.unpacked(standing), call.types)
        shape = SubscriptionTypeList([SubscriptionType.of(type_) for type_, _ in chosen])
        body = msgspec.json.encode(shape)
        if len(memo) < MEMO_LIMIT:
            memo[standing] = body
    return Response(body)


async def attach(call: Call) -> Response:
    """Opt in to an opt_in type, out of an opt_out one."""
    asked = await call.body(_ATTACH)
    if asked.id is UNSET:
        raise Missing("id must name a subscription type", "id")
    wish_for = attaching(asked.consent_type or None)
    type_ = await call.region.consent.choose(
        call.author, call.workspace_id, call.parameters[0], str(asked.id), wish_for
    )
    return Response(msgspec.json.encode(SubscriptionType.of(type_)))


async def detach(call: Call) -> Response:
    """Take it back: the type's default stands again."""
    contact_id, type_id = call.parameters
    type_ = await call.region.consent.choose(call.author, call.workspace_id, contact_id, type_id, detaching)
    return Response(msgspec.json.encode(SubscriptionType.of(type_)))
