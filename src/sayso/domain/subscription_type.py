"""Subscription types: the named kinds of message a contact can be in or out of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import NamedTuple, NewType

from sayso.domain.errors import Invalid, Missing, TypeFixed

TypeId = NewType("TypeId", str)

NAME_LIMIT = 255
DESCRIPTION_LIMIT = 2_000
TRANSLATION_LIMIT = 200

LOCALE_LIMIT = 35
LOCALE_PATTERN = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"

_LOCALE = re.compile(LOCALE_PATTERN)


class ConsentType(StrEnum):
    """Which way silence counts: `opt_out`, everybody is in until they leave; `opt_in`, nobody until they join."""

    __hash__ = str.__hash__

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


class Channel(StrEnum):
    """Where a message arrives. Intercom's wire calls it a content type."""

    __hash__ = str.__hash__

    EMAIL = "email"
    SMS = "sms_message"


class TypeState(StrEnum):
    __hash__ = str.__hash__

    DRAFT = "draft"
    LIVE = "live"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Translation:
    """A type's wording in one locale, as contacts read it."""

    name: str
    description: str
    locale: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The exact wording a choice was made on: the `version`-th wording of its type."""

    type_id: str
    version: int
    translation: Translation


class NoticeRef(NamedTuple):
    """Which wording a choice was made on: type, version, locale, and the SHA-256 of the text."""

    type_id: str
    version: int
    locale: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class SubscriptionType:
    """A type as it stands. `translations` holds the default one too, first; `wording` counts its versions."""

    workspace_id: str
    id: TypeId
    state: TypeState
    consent_type: ConsentType
    channels: tuple[Channel, ...]
    default_locale: str
    translations: tuple[Translation, ...]
    wording: int
    revision: int
    created_at: int
    updated_at: int
    #: The default wording as entries name it, made once: every choice needs it.
    notice: NoticeRef = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        notice = Notice(self.id, self.wording, self.default_translation)
        object.__setattr__(self, "notice", notice_ref(notice))

    @property
    def default_translation(self) -> Translation:
        return next(t for t in self.translations if t.locale == self.default_locale)


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """What somebody asks a type to be. None leaves a part as it is; `translations` replaces all but the default."""

    consent_type: ConsentType | None = None
    channels: tuple[Channel, ...] | None = None
    state: TypeState | None = None
    default_translation: Translation | None = None
    translations: tuple[Translation, ...] | None = None


@dataclass(frozen=True, slots=True)
class TypeChange:
    """The outcome of a decision on a type: what it was, what it becomes, and the wordings to keep."""

    before: SubscriptionType | None
    after: SubscriptionType
    notices: tuple[Notice, ...]


def create(workspace_id: str, type_id: TypeId, draft: TypeDraft, now: int) -> TypeChange:
    """Decide a new type. Raises Missing and Invalid with the field's name."""
    if draft.consent_type is None:
        raise Missing("consent_type must be opt_in or opt_out", "consent_type")
    if draft.default_translation is None:
        raise Missing("default_translation must name the type in its default locale", "default_translation")
    made = SubscriptionType(
        workspace_id=workspace_id,
        id=type_id,
        state=draft.state or TypeState.DRAFT,
        consent_type=draft.consent_type,
        channels=_channels(draft.channels),
        default_locale=draft.default_translation.locale,
        translations=_translations(draft.default_translation, draft.translations or ()),
        wording=1,
        revision=1,
        created_at=now,
        updated_at=now,
    )
    if made.state is TypeState.ARCHIVED:
        raise Invalid("a new type is draft or live", "state")
    return TypeChange(None, made, _notices(made))


def update(before: SubscriptionType, draft: TypeDraft, now: int) -> TypeChange | None:
    """Decide a change of a type; None when nothing would change. Raises Invalid and TypeFixed."""
    default = draft.default_translation or _of_locale(before.default_locale, draft.translations or before.translations)
    default = default or before.default_translation
    others = before.translations if draft.translations is None else draft.translations
    after = replace(
        before,
        state=_state(before, draft.state),
        consent_type=draft.consent_type or before.consent_type,
        channels=before.channels if draft.channels is None else _channels(draft.channels),
        default_locale=default.locale,
        translations=_translations(default, others),
    )
    if after == before:
        return None
    _refuse_what_is_fixed(before, after)
    reworded = (after.translations, after.default_locale) != (before.translations, before.default_locale)
    after = replace(
        after,
        wording=before.wording + reworded,
        revision=before.revision + 1,
        updated_at=max(now, before.updated_at),
    )
    return TypeChange(before, after, _notices(after) if reworded else ())


def translate(before: SubscriptionType, translation: Translation, now: int) -> TypeChange | None:
    """Decide one translation, new or replaced, the default one included."""
    if translation.locale == before.default_locale:
        return update(before, TypeDraft(default_translation=translation), now)
    others = tuple(t for t in before.translations if t.locale != translation.locale)
    return update(before, TypeDraft(translations=(*others, translation)), now)


def _of_locale(locale: str, translations: tuple[Translation, ...]) -> Translation | None:
    return next((t for t in translations if t.locale == locale), None)


def notice_ref(notice: Notice) -> NoticeRef:
    """The reference by which an entry names a wording; the text's own hash makes it checkable."""
    text = notice.translation
    form = (
        f'{{"description":{_quoted(text.description)},"locale":{_quoted(text.locale)}'
        f',"name":{_quoted(text.name)},"type_id":{_quoted(notice.type_id)},"version":{notice.version}}}'
    )
    return NoticeRef(notice.type_id, notice.version, text.locale, sha256(form.encode()).digest())


def _state(before: SubscriptionType, asked: TypeState | None) -> TypeState:
    if asked is TypeState.DRAFT and before.state is not TypeState.DRAFT:
        raise TypeFixed("a type that has been published never returns to draft")
    return asked or before.state


def _refuse_what_is_fixed(before: SubscriptionType, after: SubscriptionType) -> None:
    if before.state is TypeState.DRAFT:
        return
    if after.consent_type is not before.consent_type:
        raise TypeFixed("the consent_type of a published type is fixed: archive it and publish another")
    if after.channels != before.channels:
        raise TypeFixed("the content_types of a published type are fixed: archive it and publish another")


def _channels(channels: tuple[Channel, ...] | None) -> tuple[Channel, ...]:
    channels = (Channel.EMAIL,) if channels is None else channels
    if not channels or len(set(channels)) != len(channels):
        raise Invalid(f"content_types must name one or more of {', '.join(Channel)}, each once", "content_types")
    return channels


def _translations(default: Translation, others: tuple[Translation, ...]) -> tuple[Translation, ...]:
    rest = tuple(t for t in others if t.locale != default.locale)
    if len({t.locale for t in rest}) != len(rest):
        raise Invalid("each locale may appear once in translations", "translations")
    if len(rest) >= TRANSLATION_LIMIT:
        raise Invalid(f"a type has at most {TRANSLATION_LIMIT} translations", "translations")
    for translation in (default, *rest):
        _check(translation)
    return (default, *rest)


def _check(translation: Translation) -> None:
    if not translation.name.strip() or len(translation.name) > NAME_LIMIT:
        raise Invalid(f"a translation's name has 1 to {NAME_LIMIT} characters", "name")
    if len(translation.description) > DESCRIPTION_LIMIT:
        raise Invalid(f"a translation's description has at most {DESCRIPTION_LIMIT} characters", "description")
    for part, text in (("name", translation.name), ("description", translation.description)):
        if "\0" in text:
            raise Invalid(f"a translation's {part} must not hold a NUL character", part)
    if not _LOCALE.fullmatch(translation.locale) or len(translation.locale) > LOCALE_LIMIT:
        raise Invalid("a locale is a language tag such as en or pt-BR", "locale")


def _notices(type_: SubscriptionType) -> tuple[Notice, ...]:
    return tuple(Notice(type_.id, type_.wording, translation) for translation in type_.translations)
