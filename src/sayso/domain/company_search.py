"""Searches of companies: their fields, and what a search says of one company."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sayso.domain.company import Company
from sayso.domain.search import Field, Kind, Node, is_met, read_attribute
from sayso.domain.search_order import Order, Place

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("company_id", "name"), Kind.STRING),
    **dict.fromkeys(("created_at", "updated_at", "remote_created_at", "last_request_at"), Kind.TIME),
    **dict.fromkeys(("monthly_spend", "session_count", "user_count"), Kind.INTEGER),
    "tag_id": Kind.TAG,
}

#: What searches of companies may name, beside custom attributes.
FIELDS = {name: Field(name, kind) for name, kind in _KINDS.items()}


def matches(node: Node, found: Company) -> bool:
    """Whether a search finds a company: what every store must agree with."""
    return is_met(node, partial(_read, found))


def place(order: Order, found: Company) -> Place:
    """Where a company comes in an order."""
    return order.key(found.created_at, found.updated_at, partial(_read, found)), found.id


def following(order: Order, found: Iterable[Company], after: Place | None) -> list[Company]:
    """In an order, those that come after a place."""
    return order.beyond(found, partial(place, order), after)


def _read(found: Company, field: Field) -> Any:
    """A field's value, None where there is none."""
    if field.attribute is not None:
        return read_attribute(field, found.profile.custom_attributes)
    return _READERS[field.name](found)


_READERS: dict[str, Callable[[Company], Any]] = {
    "company_id": operator.attrgetter("profile.external_id"),
    "name": operator.attrgetter("profile.name"),
    "created_at": lambda found: found.created_at // 1000,
    "updated_at": lambda found: found.updated_at // 1000,
    "remote_created_at": operator.attrgetter("profile.remote_created_at"),
    "last_request_at": operator.attrgetter("profile.last_request_at"),
    "monthly_spend": operator.attrgetter("profile.monthly_spend"),
    "session_count": lambda _: 0,
    "user_count": operator.attrgetter("user_count"),
    "tag_id": lambda found: frozenset(found.tags),
}
