"""Searches: the contacts that a query finds, page by page."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sayso.domain.errors import Missing
from sayso.domain.paging import size
from sayso.domain.search_order import CREATION, Mark, parse_order
from sayso.domain.search_query import parse
from sayso.domain.segment import searched
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.contact import MOST_PER_PAGE
from sayso.intercom.contact_merge import objects_of
from sayso.intercom.contact_object import page
from sayso.intercom.shapes.contact import NextPage, Pages
from sayso.intercom.shapes.search import FoundContacts, IdentifiedRequest, Pagination, SearchRequest
from sayso.intercom.versions import Version
from sayso.service.search import Said, Search, language

PER_PAGE = 50

#: Where nothing is said of pages.
_ALL = Pagination()

_SAID = {each: Said(each is Version.PREVIEW, each is Version.V2_16, each >= Version.V2_16) for each in Version}

_REQUEST = msgspec.json.Decoder(SearchRequest)

_IDENTIFIED = msgspec.json.Decoder(IdentifiedRequest)


async def contacts(call: Call) -> Response:
    """Contacts by what is known of them, in the order of their creation or, since 2.16, of `sort`. Times are matched
    by the workspace's calendar day, in Preview to the second."""
    identified = call.fitting(_IDENTIFIED)
    answer = await _identified(call, identified) if identified is not None else None
    return await _any(call) if answer is None else answer


async def _identified(call: Call, asked: IdentifiedRequest) -> Response | None:
    """What `_any` would answer, where one page holds it: reading and checking a query takes longer than the rest."""
    name, value, wanted = asked.query.field, asked.query.value, asked.pagination or _ALL
    if "\0" in value or wanted.starting_after:
        return None
    per_page = _size(wanted)
    found = await call.region.search.identified(call.workspace_id, name, value)
    if found is None or len(found) > per_page:
        return None
    pages = Pages(1, per_page, 1 if found else 0)
    return page(call, FoundContacts, await objects_of(call, found), len(found), pages)


async def _any(call: Call) -> Response:
    asked = call.body(_REQUEST)
    if asked.query is UNSET:
        raise Missing("query must be there", "query")
    snapshot, version = call.snapshot, call.version
    spoken = language(snapshot, _SAID[version])
    # Before 2.16 nothing was said of an order.
    order = parse_order(asked.sort, spoken) if version >= Version.V2_16 else CREATION
    query = searched(parse(asked.query, spoken), snapshot.workspace, call.region.segments.now)
    search = Search(query, order)
    wanted = asked.pagination or _ALL
    per_page = _size(wanted)
    after = Mark.of(wanted.starting_after, order) if wanted.starting_after else None
    found = await call.region.search.page(call.workspace_id, search, after, per_page)
    pages = Pages(found.page, per_page, -(-found.total // per_page))
    if found.following is not None:
        pages.next = NextPage(found.page + 1, found.following.word())
    return page(call, FoundContacts, await objects_of(call, found.contacts), found.total, pages)


def _size(wanted: Pagination) -> int:
    return PER_PAGE if wanted.per_page is None else size(str(wanted.per_page), "per_page", MOST_PER_PAGE)
