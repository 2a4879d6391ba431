"""Searches: pages of the contacts that a query finds."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sayso.domain.address import normalize_email
from sayso.domain.contact import Contact, ContactState
from sayso.domain.data_attribute import DataType, Model
from sayso.domain.search import Filter, Kind, Node, OneOf, matches
from sayso.domain.search_order import CREATION, Mark, Order
from sayso.domain.search_query import Language
from sayso.service.ports import LEADS_LIMIT, Store
from sayso.service.snapshot import Snapshot

#: A query that names contacts by so many identifiers at most is answered from these; one for more is a scan.
NAMED = 20

_IDENTIFIERS = frozenset({"id", "email", "external_id"})

#: (field, value).
Identifier = tuple[str, str]


class Said(NamedTuple):
    """What a version lets searches say: times to the second, an owner_id that is a string, and formatted_phone."""

    is_exact: bool
    owner_is_text: bool
    has_formatted_phone: bool


class Search(NamedTuple):
    query: Node
    order: Order = CREATION


class SearchPage(NamedTuple):
    """One page of a walk; `following` is None on the last."""

    contacts: list[Contact]
    page: int
    total: int
    following: Mark | None


_KINDS = {
    DataType.STRING: Kind.STRING,
    DataType.INTEGER: Kind.INTEGER,
    DataType.FLOAT: Kind.NUMBER,
    DataType.BOOLEAN: Kind.BOOLEAN,
    DataType.DATE: Kind.TIME,
    DataType.DATETIME: Kind.TIME,
}


def language(snapshot: Snapshot, said: Said) -> Language:
    """What a workspace's searches may say, in the version that `said` tells."""
    own = attributes(snapshot, Model.CONTACT)
    # Not kept with the snapshot: it is cheap to make, and must not outlive the tags it asks.
    return Language(zone(snapshot.workspace.timezone), *said, own, snapshot.tags.is_gone)


def attributes(snapshot: Snapshot, model: Model) -> dict[str, Kind]:
    """The custom attributes of a model that searches may name, and what they hold."""
    found = snapshot.searchable.get(model)
    if found is None:
        own = (each for each in snapshot.attributes.values() if each.model is model and not each.archived)
        found = snapshot.searchable[model] = {each.name: _KINDS[each.data_type] for each in own}
    return found


@lru_cache(maxsize=1_024)
def zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Known where the workspace was made, and not here.
        return UTC


class SearchService:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, workspace_id: str, search: Search, after: Mark | None, limit: int) -> SearchPage:
        """Live contacts. The total is counted for the first page and carried along. Raises Unavailable."""
        order, place = search.order, after.place if after else None
        found = await self._named(workspace_id, search.query)
        if found is not None:
            total = after.total if after else len(found)
            found = order.following(found, place)
        else:
            found = await self._store.search.page(workspace_id, search.query, order, place, limit + 1)
            # A first page that holds all there is need not be counted.
            few = after is None and len(found) <= limit
            total = after.total if after else len(found) if few else await self._count(workspace_id, search.query)
        page = after.page + 1 if after else 1
        shown, more = found[:limit], len(found) > limit
        following = Mark(*order.place(shown[-1]), page, total) if more else None
        return SearchPage(shown, page, total, following)

    async def identified(self, workspace_id: str, name: str, value: str) -> list[Contact] | None:
        """All live contacts that have an email or an external_id, in order of creation; None where they may be more."""
        found = await self._store.search.identified(workspace_id, name, value)
        if len(found) >= LEADS_LIMIT:
            return None
        if len(found) > 1:
            found = CREATION.following({contact.id: contact for contact in found}.values(), None)
        return [contact for contact in found if _has(contact, name, value)]

    async def _count(self, workspace_id: str, query: Node) -> int:
        return await self._store.search.count(workspace_id, query)

    async def _named(self, workspace_id: str, query: Node) -> list[Contact] | None:
        """All that a query finds, where it names contacts by their identifiers: a few point reads."""
        known = identifiers(query, _IDENTIFIERS)
        if known is None or len(known) > NAMED:
            return None
        found: dict[str, Contact] = {}
        for name, value in known:
            named = await self._identified(workspace_id, name, value)
            if named is None:
                return None
            for contact in named:
                found[contact.head.id] = contact
        return [contact for contact in found.values() if matches(query, contact)]

    def _identified(self, workspace_id: str, name: str, value: str) -> Awaitable[list[Contact] | None]:
        """All live contacts that have an identifier; None where they may be more."""
        if name == "id":
            return self._of_id(workspace_id, value)
        return self.identified(workspace_id, name, value)

    async def _of_id(self, workspace_id: str, contact_id: str) -> list[Contact] | None:
        contact = await self._store.contact.find(workspace_id, contact_id)
        return [contact] if contact and contact.head.state is ContactState.LIVE else []


def _has(contact: Contact, name: str, value: str) -> bool:
    """What `matches` says of an email or an external_id."""
    held: str | None = getattr(contact.profile, name)
    return held == value or (name == "email" and held is not None and normalize_email(held) == normalize_email(value))


def identifiers(query: Node, names: frozenset[str]) -> set[Identifier] | None:
    """Identifiers, in fields of these names, of which everything found has one; None where a query does not say so."""
    if isinstance(query, Filter):
        name, test = query.field.name, query.test
        if name not in names or query.negated or not isinstance(test, OneOf):
            return None
        return {(name, str(value)) for value in test.values}
    parts = [identifiers(part, names) for part in query.parts]
    known = [part for part in parts if part is not None]
    if query.is_all:
        return min(known, key=len, default=None)
    return set().union(*known) if len(known) == len(parts) else None
