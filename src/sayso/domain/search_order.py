"""The order of what a search finds, and where a walk through it stands, as an opaque word for clients."""

from __future__ import annotations

import binascii
import json
import operator
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sayso.domain.contact import Contact
from sayso.domain.errors import Invalid, UnknownSearchField, WrongCursor, WrongSortOrder
from sayso.domain.search import Field, Kind, plain, read
from sayso.domain.search_query import Language

T = TypeVar("T")

#: No key of an order is longer, in characters.
_KEY_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Order:
    """By a field and then by id; without one by created_at, to the millisecond. No value comes before all others."""

    field: Field | None = None
    descending: bool = False

    @property
    def is_text(self) -> bool:
        return self.field is not None and self.field.kind is Kind.STRING

    @property
    def is_of_creation(self) -> bool:
        return self.field is None or self.field.name == "created_at"

    def place(self, contact: Contact) -> Place:
        """Where a contact comes. To the millisecond where the field has them."""
        key = self.key(contact.created_at, contact.head.updated_at, lambda field: read(field, contact))
        return key, contact.id

    def following(self, contacts: Iterable[Contact], after: Place | None) -> list[Contact]:
        """In this order, those that come after a place."""
        return self.beyond(contacts, self.place, after)

    def key(self, created_at: int, updated_at: int, value_of: Callable[[Field], Any]) -> str | int:
        """What comes before the id in the place of what has these times, in ms, and values."""
        if self.field is None or self.is_of_creation:
            return created_at
        if self.field.name == "updated_at":
            return updated_at
        value = value_of(self.field)
        if value is None:
            return "" if self.is_text else -1
        return str(plain(self.field, value)) if self.is_text else int(value)

    def beyond(self, found: Iterable[T], place: Callable[[T], Place], after: Place | None) -> list[T]:
        """In this order, those whose place comes after one."""
        ordered = sorted(found, key=place, reverse=self.descending)
        if after is None:
            return ordered
        is_beyond = operator.lt if self.descending else operator.gt
        return [each for each in ordered if is_beyond(place(each), after)]


#: The key of an order, and the id of what is found.
Place = tuple[Any, str]

CREATION = Order()


@dataclass(frozen=True, slots=True)
class Mark:
    """The last one seen, by its place; the page it closed, and the total counted for the first page."""

    key: str | int
    id: str
    page: int
    total: int

    @property
    def place(self) -> Place:
        return self.key, self.id

    def word(self) -> str:
        form = json.dumps([self.key, self.id, self.page, self.total], ensure_ascii=False, separators=(",", ":"))
        return urlsafe_b64encode(form.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, word: str, order: Order) -> Mark:
        """The reverse of `word`. Raises WrongCursor on one that no page in this order ever gave."""
        wrong = WrongCursor("starting_after must be what a page before gave", "starting_after")
        try:
            key, id_, page, total = json.loads(urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise wrong from None
        numbers = all(type(n) is int and 0 <= n < 2**53 for n in (page, total))
        if not numbers or not _is_id(id_) or not (_is_text(key) if order.is_text else _is_number(key)):
            raise wrong
        return cls(key, id_, page, total)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 24 and all(digit in "0123456789abcdef" for digit in value)


def _is_number(value: Any) -> bool:
    return type(value) is int and -1 <= value < 2**53


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _KEY_LIMIT or "\0" in value:
        return False
    # A lone surrogate is no text that a store takes.
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


_ORDERS = {"ascending": False, "descending": True}


def parse_order(tree: Any, language: Language) -> Order:
    """A request's `sort`. Raises Invalid, UnknownSearchField, WrongSortOrder."""
    if tree is None:
        return CREATION
    if not isinstance(tree, dict):
        raise Invalid("sort must be an object", "sort")
    order, name = tree.get("order"), tree.get("field")
    order = "descending" if order is None else order
    if not isinstance(order, str) or order not in _ORDERS:
        raise WrongSortOrder(order if isinstance(order, str) else json.dumps(order))
    descending = _ORDERS[order]
    if name is None:
        return Order(None, descending)
    field = language.field(name)
    if field.attribute is not None or field.kind not in (Kind.STRING, Kind.TIME, Kind.INTEGER):
        raise UnknownSearchField(name, "sort")
    return Order(field, descending)
