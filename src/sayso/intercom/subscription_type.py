"""Subscription types: list and find."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.subscription_type import SubscriptionType, SubscriptionTypeList


async def list_all(call: Call) -> Response:
    """Every type, in any state, in order of creation."""
    types = await call.region.types.all(call.workspace_id)
    return call.reply(SubscriptionTypeList([SubscriptionType.of(type_) for type_ in types]))


async def find(call: Call) -> Response:
    """One type, in any state. The Ruby SDK asks for it, and contacts refer to it."""
    type_ = await call.region.types.current(call.workspace_id, call.parameters[0])
    return call.reply(SubscriptionType.of(type_))
