"""Searches: what is asked, and what is found."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from sayso.intercom.shapes.contact import ContactList


class Pagination(Struct):
    per_page: int | str | None = None
    starting_after: str | None = None


class SearchRequest(Struct):
    """`query` is a filter `{field, operator, value}`, or a group of them `{operator, value}`; `sort` is since 2.16."""

    query: dict[str, Any] | UnsetType = UNSET
    pagination: Pagination | None = None
    sort: Any = None


class FoundContacts(ContactList, tag_field="type", tag="list"):
    """A page of them."""
