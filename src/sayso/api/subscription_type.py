"""Subscription types: list, create, find, update, translate."""

from __future__ import annotations

import msgspec

from sayso.api.call import Call, reply
from sayso.api.page import page
from sayso.api.shapes.subscription_type import (
    SubscriptionType,
    SubscriptionTypeFields,
    SubscriptionTypePage,
    Wording,
)
from sayso.domain import subscription_type as domain
from sayso.domain.idempotency import IdempotencyRecord
from sayso.http.response import Response, line

_FIELDS = msgspec.json.Decoder(SubscriptionTypeFields)
_WORDING = msgspec.json.Decoder(Wording)
_MADE = msgspec.json.Decoder(SubscriptionType)


async def list_all(call: Call) -> Response:
    """Every type in any state, in order of creation, page by page."""
    types, following = page(await call.region.types.all(call.workspace_id), call.request.query)
    return reply(SubscriptionTypePage([SubscriptionType.of(type_) for type_ in types], following))


async def create(call: Call) -> Response:
    """A new type, a draft unless `state` says live. An Idempotency-Key makes it safe to send again."""
    draft = call.body(_FIELDS).draft()
    async with call.once() as attempt:

        def keep(type_: domain.SubscriptionType) -> IdempotencyRecord | None:
            return attempt.record(201, msgspec.json.encode(SubscriptionType.of(type_)).decode())

        if attempt.kept is not None:
            return _created(_MADE.decode(attempt.kept.body), again=True)
        made = await call.region.types.create(call.workspace_id, draft, keep, author=call.author)
        return _created(SubscriptionType.of(made))


async def find(call: Call) -> Response:
    """One type, in any state."""
    return reply(SubscriptionType.of(await call.region.types.current(call.workspace_id, call.parameters[0])))


async def update(call: Call) -> Response:
    """Change what the body names: publish with `state` live, archive with archived. A type never returns to draft, and
    once it has been live its consent_type and content_types are fixed. Earlier choices keep the wording they were
    made on."""
    draft = call.body(_FIELDS).draft()
    type_id = call.parameters[0]
    changed = await call.region.types.update(call.workspace_id, type_id, draft, author=call.author)
    return reply(SubscriptionType.of(changed))


async def translate(call: Call) -> Response:
    """Word a type in one locale, new or not; the other locales stay."""
    type_id, locale = call.parameters
    wording = call.body(_WORDING)
    translation = domain.Translation(wording.name, wording.description, locale)
    changed = await call.region.types.translate(call.workspace_id, type_id, translation, author=call.author)
    return reply(SubscriptionType.of(changed))


def _created(made: SubscriptionType, *, again: bool = False) -> Response:
    response = reply(made, 201)
    response.lines = line(b"location", f"/sayso/subscription_types/{made.id}".encode())
    if again:
        response.lines += line(b"idempotent-replayed", b"true")
    return response
