"""Data attributes: list, create, update."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from sayso.domain.data_attribute import AttributeDraft, Model
from sayso.domain.data_attribute_built_in import BUILT_IN
from sayso.domain.errors import Invalid, ModelGone
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.data_attribute import (
    DataAttribute,
    DataAttributeFields,
    DataAttributeList,
    NewDataAttribute,
)
from sayso.intercom.versions.v2_16 import lists_conversation_attributes

T = TypeVar("T")

_NEW = msgspec.json.Decoder(NewDataAttribute)
_FIELDS = msgspec.json.Decoder(DataAttributeFields)


async def list_all(call: Call) -> Response:
    """Those that every workspace has, then those of its own; archived ones with include_archived."""
    models = _models(call)
    archived = call.asks_for("include_archived")
    own = await call.region.attributes.all(call.workspace_id)
    found = [
        attribute
        for model in models
        for attribute in (
            *(DataAttribute.of_built_in(one) for one in BUILT_IN if one.model is model),
            *(DataAttribute.of(one) for one in own if one.model is model and (archived or not one.archived)),
        )
    ]
    return call.reply(DataAttributeList(found))


async def create(call: Call) -> Response:
    """A new attribute of contacts or companies. Its name, model and type stay; so does its name when it is archived."""
    given = call.body(_NEW)
    draft = AttributeDraft(
        model=_given(given.model),
        name=_given(given.name),
        data_type=_given(given.data_type),
        description=_given(given.description),
        options=_options(given.options),
        messenger_writable=_given(given.messenger_writable),
    )
    return call.reply(DataAttribute.of(await call.region.attributes.create(call.workspace_id, call.admin_id, draft)))


async def update(call: Call) -> Response:
    """Describe an attribute, change its options, archive it, or take it back into use."""
    given = call.body(_FIELDS)
    draft = AttributeDraft(
        description=_given(given.description),
        options=_options(given.options),
        messenger_writable=_given(given.messenger_writable),
        archived=_given(given.archived),
    )
    attribute_id = call.parameters[0]
    return call.reply(DataAttribute.of(await call.region.attributes.update(call.workspace_id, attribute_id, draft)))


def _models(call: Call) -> list[Model]:
    word = call.request.query.get("model")
    if not word:
        return list(Model)
    if word == "conversation":
        if lists_conversation_attributes(call.version):
            return []
        raise ModelGone("model=conversation is no longer supported. Use GET /conversations/attributes instead")
    if word not in list(Model):
        raise Invalid("model must be contact or company", "model")
    return [Model(word)]


def _given(value: T | UnsetType | None) -> T | None:
    return None if value is UNSET else value


def _options(given: Any) -> tuple[str, ...] | None:
    if given is UNSET or given is None:
        return None
    if not isinstance(given, list):
        raise Invalid("Options isn't an array")
    return tuple(map(_option, given))


def _option(given: Any) -> str:
    text = given.get("value") if isinstance(given, dict) else given
    if not isinstance(text, str):
        raise Invalid("options must be texts, or objects with a value", "options")
    return text
