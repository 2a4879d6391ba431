"""Subscription types: Intercom's own object, so that nobody learns a second shape."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain import subscription_type as domain
from sayso.domain.subscription_type import Channel, ConsentType, TypeDraft, TypeState


class Translation(Struct):
    name: str
    description: str
    locale: str

    @classmethod
    def of(cls, translation: domain.Translation) -> Translation:
        return cls(translation.name, translation.description, translation.locale)


class TranslationFields(Struct):
    """A wording asked for."""

    name: str
    description: str
    locale: str

    def wording(self) -> domain.Translation:
        return domain.Translation(self.name, self.description, self.locale)


class SubscriptionType(Struct, tag_field="type", tag="subscription"):
    id: str
    state: Literal["live", "draft", "archived"]
    consent_type: Literal["opt_out", "opt_in"]
    default_translation: Translation
    translations: list[Translation]
    content_types: list[Literal["email", "sms_message"]]

    @classmethod
    def of(cls, type_: domain.SubscriptionType) -> SubscriptionType:
        return cls(
            id=type_.id,
            state=type_.state.value,
            consent_type=type_.consent_type.value,
            default_translation=Translation.of(type_.default_translation),
            translations=[Translation.of(translation) for translation in type_.translations],
            content_types=[channel.value for channel in type_.channels],
        )


class SubscriptionTypePage(Struct, tag_field="type", tag="list"):
    """`next` is the cursor of the page after this one, null on the last."""

    data: list[SubscriptionType]
    next: str | None


class SubscriptionTypeFields(Struct):
    """What may be said of a type. A key that is absent leaves things as they are."""

    consent_type: Literal["opt_out", "opt_in"] | UnsetType = UNSET
    content_types: list[Literal["email", "sms_message"]] | UnsetType = UNSET
    state: Literal["live", "draft", "archived"] | UnsetType = UNSET
    default_translation: TranslationFields | UnsetType = UNSET
    translations: list[TranslationFields] | UnsetType = UNSET

    def draft(self) -> TypeDraft:
        default, others = self.default_translation, self.translations
        return TypeDraft(
            consent_type=ConsentType(self.consent_type) if self.consent_type else None,
            channels=None if self.content_types is UNSET else tuple(Channel(word) for word in self.content_types),
            state=TypeState(self.state) if self.state else None,
            default_translation=default.wording() if default else None,
            translations=None if others is UNSET else tuple(translation.wording() for translation in others),
        )


class Wording(Struct):
    """A type's name and description in the locale that the path names."""

    name: str
    description: str
