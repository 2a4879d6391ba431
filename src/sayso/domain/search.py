"""Searches: a typed tree of filters, and what it says of one contact. `search_query` reads it from a request."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from sayso.domain.address import (
    normalize_domain,
    normalize_domain_part,
    normalize_email,
    normalize_email_part,
    normalize_phone,
    normalize_phone_part,
)
from sayso.domain.contact import Contact, Profile
from sayso.domain.subscription_type import Channel

Scalar: TypeAlias = str | int | float | bool


class Kind(StrEnum):
    """What a field holds; its operators follow from it. TIME is in whole seconds."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    TAG = "tag"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Field:
    """`attribute`: the name of a custom attribute, where it is one."""

    name: str
    kind: Kind
    attribute: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether its values are compared in their normal form."""
        return self.attribute is None and self.name in _NORMALIZED


class OneOf(NamedTuple):
    values: tuple[Scalar, ...]


class Part(NamedTuple):
    """A text holds another one: at its start (`^`), at its end (`$`) or anywhere (`~`)."""

    where: str
    text: str


class Compared(NamedTuple):
    """`operator` is one of < <= > >=."""

    operator: str
    number: int | float


class During(NamedTuple):
    """From `least` on and before `below`, in seconds; None is no bound."""

    least: int | None
    below: int | None


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no value."""


Test: TypeAlias = OneOf | Part | Compared | During | Absent


class Filter(NamedTuple):
    """A negated one holds wherever the test does not: where there is no value too."""

    field: Field
    test: Test
    negated: bool = False


class Group(NamedTuple):
    """All of its parts hold, or any."""

    is_all: bool
    parts: tuple[Node, ...]


Node: TypeAlias = Filter | Group


def matches(node: Node, contact: Contact) -> bool:
    """Whether a search finds a contact: what every store must agree with."""
    return is_met(node, lambda field: read(field, contact))


def is_met(node: Node, value_of: Callable[[Field], Any]) -> bool:
    """Whether a search finds what has these values."""
    if isinstance(node, Group):
        found = (is_met(part, value_of) for part in node.parts)
        return all(found) if node.is_all else any(found)
    return holds(node, value_of(node.field)) != node.negated


def holds(filter_: Filter, value: Any) -> bool:
    """Whether the test of a filter, not negated, holds for a value of its field; tags are a set of them."""
    field, test = filter_.field, filter_.test
    if isinstance(test, Absent):
        return value is None
    if isinstance(value, frozenset):
        return isinstance(test, OneOf) and not value.isdisjoint(test.values)
    return value is not None and _passes(field, test, value)


def _passes(field: Field, test: Test, value: Any) -> bool:
    match test:
        case OneOf(values):
            compared = {plain(field, each) for each in values} if field.is_address else values
            return plain(field, value) in compared
        case Part(where, text):
            return _PARTS[where](plain(field, value), plain_part(field, text))
        case Compared(word, number):
            return _COMPARED[word](value, number)
        case During(least, below):
            return (least is None or value >= least) and (below is None or value < below)
    raise AssertionError(test)


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PARTS: dict[str, Callable[[str, str], bool]] = {
    "~": lambda whole, part: part in whole,
    "^": str.startswith,
    "$": str.endswith,
}

#: How addresses, and parts of them, are put into the form in which they are compared.
_NORMALIZED: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "email": (normalize_email, normalize_email_part),
    "email_domain": (normalize_domain, normalize_domain_part),
    "phone": (normalize_phone, normalize_phone_part),
}


def plain(field: Field, value: Any) -> Any:
    """A value in the form in which it is compared."""
    return _NORMALIZED[field.name][0](value) if field.is_address else value


def plain_part(field: Field, text: str) -> str:
    """A part of a value in that form."""
    return _NORMALIZED[field.name][1](text) if field.is_address else text


def read(field: Field, contact: Contact) -> Any:
    """A field's value, None where there is none; of a kind other than the field's is as good as none."""
    if field.attribute is not None:
        return read_attribute(field, contact.profile.custom_attributes)
    reader = _READERS.get(field.name)
    value, kind = reader(contact) if reader else _stored(contact, field.name), field.kind
    if kind is Kind.STRING:
        return value
    if kind is Kind.BOOLEAN:
        return bool(value)
    return int(value) if value is not None and kind is Kind.INTEGER else value


def read_attribute(field: Field, attributes: Mapping[str, Any]) -> Any:
    """The value of the custom attribute that a field names; None where it is of another kind."""
    value = attributes.get(field.attribute or "")
    return value if type(value) in _TYPES[field.kind] else None


_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INTEGER: (int, float),
    Kind.NUMBER: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.TIME: (int, float),
}


def _stored(contact: Contact, name: str) -> Any:
    """What the profile says, by the name or path that the field has."""
    value: Any = contact.profile
    for step in name.split("."):
        value = getattr(value, step, None)
    return value


def _domain(contact: Contact) -> str | None:
    email = contact.profile.email
    return email.rpartition("@")[2] if email is not None else None


_READERS: dict[str, Callable[[Contact], Any]] = {
    **{name: operator.attrgetter(f"profile.{name}") for name in Profile._fields},
    "id": lambda contact: contact.id,
    "role": lambda contact: contact.profile.role.value,
    "email_domain": _domain,
    "created_at": lambda contact: contact.created_at // 1000,
    "updated_at": lambda contact: contact.head.updated_at // 1000,
    "tag_id": lambda contact: frozenset(contact.links.tags),
    "segment_id": lambda contact: frozenset(),
    "unsubscribed_from_emails": lambda contact: Channel.EMAIL in contact.head.standing.stops,
}
