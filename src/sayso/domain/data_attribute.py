"""Data attributes: what may be said of contacts and companies beyond their own fields, by name and type."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any, NamedTuple

from sayso.domain.errors import Invalid, TooManyAttributes, shown
from sayso.domain.second import is_second

NAME_LIMIT = 190
DESCRIPTION_LIMIT = 2_000

#: How many of a model may be in use, and how many there may be with those that are archived.
IN_USE_LIMIT = 250
ATTRIBUTE_LIMIT = 1_000

OPTION_LIMIT = 500
OPTION_TEXT_LIMIT = 255


class Model(StrEnum):
    __hash__ = str.__hash__

    CONTACT = "contact"
    COMPANY = "company"


class DataType(StrEnum):
    """`date` and `datetime` are Unix times in seconds."""

    __hash__ = str.__hash__

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


#: What is asked for where a text shall be one of a list.
LIST = "options"


@dataclass(frozen=True, slots=True)
class DataAttribute:
    """An attribute of a workspace's own. A text is one of `options`, where there are any. Times in ms."""

    workspace_id: str
    id: int
    model: Model
    name: str
    data_type: DataType
    description: str
    options: tuple[str, ...]
    messenger_writable: bool
    archived: bool
    admin_id: str
    revision: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class AttributeDraft:
    """What somebody asks an attribute to be. None leaves a part as it is."""

    model: str | None = None
    name: str | None = None
    data_type: str | None = None
    description: str | None = None
    options: tuple[str, ...] | None = None
    messenger_writable: bool | None = None
    archived: bool | None = None


class AttributeChange(NamedTuple):
    """What an attribute was, None for a new one, and what it becomes."""

    before: DataAttribute | None
    after: DataAttribute


class Maker(NamedTuple):
    """For whom a new attribute is made: its workspace, its number, the admin who asks."""

    workspace_id: str
    attribute_id: int
    admin_id: str


def create(maker: Maker, draft: AttributeDraft, known: Iterable[DataAttribute], now: int) -> AttributeChange:
    """Decide a new attribute beside those there are. Raises Invalid, TooManyAttributes."""
    known = list(known)
    model = _model(draft.model)
    name = _name(draft.name)
    data_type = _data_type(draft.data_type)
    _refuse_taken(name, model, known)
    options = _options(draft.options or (), data_type, needed=draft.data_type == LIST or draft.options is not None)
    made = DataAttribute(
        workspace_id=maker.workspace_id,
        id=maker.attribute_id,
        model=model,
        name=name,
        data_type=data_type,
        description=_description(draft.description or ""),
        options=options,
        messenger_writable=bool(draft.messenger_writable),
        archived=False,
        admin_id=maker.admin_id,
        revision=1,
        created_at=now,
        updated_at=now,
    )
    _refuse_too_many(made, known)
    return AttributeChange(None, made)


def update(
    before: DataAttribute, draft: AttributeDraft, known: Iterable[DataAttribute], now: int
) -> AttributeChange | None:
    """Decide a change; None when nothing would change. Name, model and type stay. Raises Invalid, TooManyAttributes."""
    after = replace(
        before,
        description=before.description if draft.description is None else _description(draft.description),
        options=before.options if draft.options is None else _options(draft.options, before.data_type, needed=True),
        messenger_writable=before.messenger_writable if draft.messenger_writable is None else draft.messenger_writable,
        archived=before.archived if draft.archived is None else draft.archived,
    )
    if after == before:
        return None
    if before.archived and not after.archived:
        _refuse_too_many(after, known)
    return AttributeChange(before, replace(after, revision=before.revision + 1, updated_at=max(now, before.updated_at)))


def of_model(known: Iterable[DataAttribute], model: Model) -> dict[str, DataAttribute]:
    """Those of a model, by name."""
    return {attribute.name: attribute for attribute in known if attribute.model is model}


def check_values(known: Mapping[str, DataAttribute], values: Mapping[str, Any]) -> dict[str, Any]:
    """What is said by attributes of these names, as it is kept. Raises Invalid."""
    return {name: _value(known.get(name), name, value) for name, value in values.items()}


def unknown(known: Mapping[str, DataAttribute], values: Mapping[str, Any]) -> list[AttributeDraft]:
    """What attributes there would have to be for these values, beside those there are."""
    return [
        AttributeDraft(name=name, data_type=_type_of(name, value))
        for name, value in values.items()
        if name not in known and value is not None
    ]


def _type_of(name: str, value: object) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOLEAN
    if isinstance(value, int):
        return DataType.DATE if name.endswith("_at") and is_second(value) else DataType.INTEGER
    return DataType.FLOAT if isinstance(value, float) else DataType.STRING


def _value(attribute: DataAttribute | None, name: str, value: Any) -> Any:
    if len(name) > NAME_LIMIT:
        raise Invalid(f"a custom attribute's name has 1 to {NAME_LIMIT} characters", "custom_attributes")
    if attribute is None:
        raise Invalid(f"Custom attribute '{shown(name)}' does not exist", "custom_attributes")
    if attribute.archived:
        raise Invalid(f"Custom attribute '{shown(name)}' is archived", "custom_attributes")
    if value is None:
        return None
    kept = _READ[attribute.data_type](value)
    if kept is None:
        raise Invalid(f"Custom attribute '{name}' must be {_WANTED[attribute.data_type]}", "custom_attributes")
    if attribute.options and kept not in attribute.options:
        raise Invalid(f"Custom attribute '{name}' must be one of its options", "custom_attributes")
    return kept


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _time(value: Any) -> int | None:
    seconds = int(value) if isinstance(value, float) and isfinite(value) else _whole(value)
    return seconds if seconds is not None and is_second(seconds) else None


_READ = {
    DataType.STRING: _text,
    DataType.INTEGER: _whole,
    DataType.FLOAT: _number,
    DataType.BOOLEAN: _truth,
    DataType.DATE: _time,
    DataType.DATETIME: _time,
}

_WANTED = {
    DataType.STRING: "a string",
    DataType.INTEGER: "an integer",
    DataType.FLOAT: "a number",
    DataType.BOOLEAN: "a boolean",
    DataType.DATE: "a Unix time in whole seconds",
    DataType.DATETIME: "a Unix time in whole seconds",
}


def _model(word: str | None) -> Model:
    if word not in list(Model):
        raise Invalid("The Data Attribute model field must be either contact or company")
    return Model(word)


def _name(name: str | None) -> str:
    name = (name or "").strip()
    if len(name) > NAME_LIMIT:
        raise Invalid(f"name has at most {NAME_LIMIT} characters", "name")
    if not name or not all(map(_is_of_a_name, name)):
        raise Invalid(
            "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
        )
    return name


def _is_of_a_name(letter: str) -> bool:
    # Intercom's message allows currency symbols, and its API refuses this one.
    return letter != "$" and (letter.isalnum() or letter in " _-" or unicodedata.category(letter) in ("Sc", "Mn", "Mc"))


def _data_type(word: str | None) -> DataType:
    if word == LIST:
        return DataType.STRING
    if word not in list(DataType):
        raise Invalid("Data Type isn't an option")
    return DataType(word)


def _description(text: str) -> str:
    if len(text) > DESCRIPTION_LIMIT or "\0" in text:
        raise Invalid(f"description has at most {DESCRIPTION_LIMIT} characters, none of them NUL", "description")
    return text


def _options(options: tuple[str, ...], data_type: DataType, *, needed: bool) -> tuple[str, ...]:
    if not needed:
        return ()
    if data_type is not DataType.STRING:
        raise Invalid("only a string has options", "options")
    if len(set(options)) < 2:
        raise Invalid("options must name at least two values", "options")
    if len(options) > OPTION_LIMIT or len(set(options)) < len(options):
        raise Invalid(f"options are at most {OPTION_LIMIT} values, each once", "options")
    if not all(option.strip() and len(option) <= OPTION_TEXT_LIMIT and "\0" not in option for option in options):
        raise Invalid(f"each value of options has 1 to {OPTION_TEXT_LIMIT} characters, none of them NUL", "options")
    return options


_DATA = {Model.CONTACT: "people", Model.COMPANY: "company"}


def _refuse_taken(name: str, model: Model, known: Iterable[DataAttribute]) -> None:
    held = {one.model: one.name for one in known if one.name.casefold() == name.casefold()}
    if held:
        there = model if model in held else next(iter(held))
        raise Invalid(
            f"You already have '{held[there]}' in your {_DATA[there]} data. "
            f"To save this as new {_DATA[model]} data, use a different name."
        )


def _refuse_too_many(wanted: DataAttribute, known: Iterable[DataAttribute]) -> None:
    others = [one for one in known if one.model is wanted.model and one.id != wanted.id]
    if sum(not one.archived for one in others) >= IN_USE_LIMIT:
        raise TooManyAttributes(f"a {wanted.model} has at most {IN_USE_LIMIT} custom attributes that are in use")
    if len(others) >= ATTRIBUTE_LIMIT:
        raise TooManyAttributes(f"a {wanted.model} has at most {ATTRIBUTE_LIMIT} custom attributes, archived or not")
