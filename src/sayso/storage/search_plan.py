"""What narrows a search down before its condition is looked at: bounds of times, and rows that name few contacts."""

from __future__ import annotations

from typing import NamedTuple

from sayso.domain.contact import Role
from sayso.domain.search import During, Filter, Kind, Node, OneOf, holds


class Span(NamedTuple):
    """Times that all contacts found lie in, in seconds: from `least` on and before `below`. None is no bound."""

    least: int | None = None
    below: int | None = None

    def meet(self, other: Span) -> Span:
        """Those that lie in both."""
        return Span(
            max((at for at in (self.least, other.least) if at is not None), default=None),
            min((at for at in (self.below, other.below) if at is not None), default=None),
        )


def conjuncts(query: Node) -> list[Filter]:
    """The filters that everything found passes, and that are not negated."""
    if isinstance(query, Filter):
        return [] if query.negated else [query]
    # One of one is all of it.
    if query.is_all or len(query.parts) == 1:
        return [found for part in query.parts for found in conjuncts(part)]
    return []


def created(query: Node) -> Span:
    """When the contacts found were created: before they were last updated, too."""
    updated = span(query, "updated_at")
    return span(query, "created_at").meet(Span(None, updated.below))


def updated_since(query: Node) -> int | None:
    """The second since when all contacts found were updated."""
    return span(query, "updated_at").least


def is_of_times(query: Node) -> bool:
    """Whether a search asks for nothing but when contacts were made and updated."""
    if isinstance(query, Filter):
        return query.field.name in ("created_at", "updated_at")
    return all(map(is_of_times, query.parts))


def find_roles(query: Node) -> frozenset[Role] | None:
    """The roles of the contacts found, where a search asks for nothing else; None where it does."""
    if isinstance(query, Filter):
        if query.field.name != "role":
            return None
        return admitted_roles(query)
    found = [find_roles(part) for part in query.parts]
    known = [roles for roles in found if roles is not None]
    if not known or len(known) < len(found):
        return None
    return frozenset.intersection(*known) if query.is_all else frozenset.union(*known)


def admitted_roles(filter_: Filter) -> frozenset[Role]:
    """The roles that pass a filter on roles."""
    return frozenset(role for role in Role if holds(filter_, role.value) != filter_.negated)


def span(query: Node, name: str) -> Span:
    found = Span()
    for filter_ in conjuncts(query):
        if filter_.field.name == name and isinstance(filter_.test, During):
            found = found.meet(Span(filter_.test.least, filter_.test.below))
    return found


def tag(query: Node) -> str | None:
    """A tag that all contacts found have."""
    for filter_ in conjuncts(query):
        if filter_.field.kind is Kind.TAG and isinstance(filter_.test, OneOf) and len(filter_.test.values) == 1:
            return str(filter_.test.values[0])
    return None
