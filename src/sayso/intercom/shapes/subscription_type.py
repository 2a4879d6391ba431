"""Subscription types, and attaching one to a contact."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from sayso.domain.subscription_type import SubscriptionType as DomainType


class Translation(Struct):
    name: str
    description: str
    locale: str


class SubscriptionType(Struct, tag_field="type", tag="subscription"):
    id: str
    state: Literal["live", "draft", "archived"]
    consent_type: Literal["opt_out", "opt_in"]
    default_translation: Translation
    translations: list[Translation]
    content_types: list[Literal["email", "sms_message"]]

    @classmethod
    def of(cls, type_: DomainType) -> SubscriptionType:
        default = type_.default_translation
        return cls(
            id=type_.id,
            state=type_.state.value,
            consent_type=type_.consent_type.value,
            default_translation=Translation(default.name, default.description, default.locale),
            translations=[Translation(t.name, t.description, t.locale) for t in type_.translations],
            content_types=[channel.value for channel in type_.channels],
        )


class SubscriptionTypeList(Struct, tag_field="type", tag="list"):
    data: list[SubscriptionType]


class AttachSubscriptionType(Struct):
    """Which type; `consent_type`, where given, must be the type's own."""

    id: Annotated[str | int, Meta(description="The id of the subscription type")] | UnsetType = UNSET
    consent_type: Annotated[str, Meta(description="opt_in or opt_out")] | UnsetType | None = UNSET
