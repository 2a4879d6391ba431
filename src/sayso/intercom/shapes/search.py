"""Searches: what is asked, and what is found."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.intercom.shapes.company import Company
from sayso.intercom.shapes.contact import ContactList, Pages


class Pagination(Struct):
    per_page: int | str | None = None
    starting_after: str | None = None


class SearchRequest(Struct):
    """`query` is a filter `{field, operator, value}`, or a group of them `{operator, value}`; `sort` is since 2.16."""

    query: dict[str, Any] | UnsetType = UNSET
    pagination: Pagination | None = None
    sort: Any = None


class CompanySearchRequest(SearchRequest):
    """`query` and `sort` are as for contacts, over the fields of companies."""


class Identified(Struct, forbid_unknown_fields=True):
    """What most searches ask: who has this address, or this external_id."""

    field: Literal["email", "external_id"]
    operator: Literal["="]
    value: str


class IdentifiedRequest(Struct, forbid_unknown_fields=True):
    query: Identified
    pagination: Pagination | None = None


class FoundContacts(ContactList, tag_field="type", tag="list"):
    """A page of them."""


class SearchedCompanies(Struct, tag_field="type", tag="list"):
    """A page of companies."""

    data: list[Company]
    total_count: int
    pages: Pages
