"""Subscription types: list and find."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sayso.domain.subscription_type import SubscriptionType as DomainType
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.subscription_type import SubscriptionType


async def list_all(call: Call) -> Response:
    """Every type, in any state, in order of creation."""
    types = await call.region.types.all(call.workspace_id)
    return Response(list_of(rendered(call, type_) for type_ in types))


def list_of(fragments: Iterable[bytes]) -> bytes:
    """A list of types that are JSON already."""
    return b'{"type":"list","data":[%s]}' % b",".join(fragments)


def rendered(call: Call, type_: DomainType) -> bytes:
    """A type as JSON, kept until types change."""
    if type_ is not call.types.get(type_.id):
        # Newer than what the request began with.
        return msgspec.json.encode(SubscriptionType.of(type_))
    types = call.rendered("type")
    kept: bytes | None = types.get(type_.id)
    if kept is None:
        kept = types[type_.id] = msgspec.json.encode(SubscriptionType.of(type_))
    return kept


async def find(call: Call) -> Response:
    """One type, in any state. The Ruby SDK asks for it, and contacts refer to it."""
    type_ = await call.region.types.current(call.workspace_id, call.parameters[0])
    return call.reply(SubscriptionType.of(type_))
