"""Searches of companies: those that a query finds, page by page. In Preview alone."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sayso.domain.errors import Missing
from sayso.domain.paging import size
from sayso.domain.search_order import Mark, parse_order
from sayso.domain.search_query import parse
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.company import PER_PAGE, shape
from sayso.intercom.contact import MOST_PER_PAGE
from sayso.intercom.shapes.contact import NextPage, Pages
from sayso.intercom.shapes.search import CompanySearchRequest, Pagination, SearchedCompanies
from sayso.service.company_search import language
from sayso.service.search import Search

_REQUEST = msgspec.json.Decoder(CompanySearchRequest)


async def companies(call: Call) -> Response:
    """Companies by what is known of them, in the order of their creation or of `sort`, those without contacts too.
    Times are matched to the second."""
    asked = call.body(_REQUEST)
    if asked.query is UNSET:
        raise Missing("query must be there", "query")
    spoken = language(call.snapshot)
    search = Search(parse(asked.query, spoken), parse_order(asked.sort, spoken))
    wanted = asked.pagination or Pagination()
    per_page = PER_PAGE if wanted.per_page is None else size(str(wanted.per_page), "per_page", MOST_PER_PAGE)
    after = Mark.of(wanted.starting_after, search.order) if wanted.starting_after else None
    found = await call.region.company_search.page(call.workspace_id, search, after, per_page)
    pages = Pages(found.page, per_page, -(-found.total // per_page))
    if found.following is not None:
        pages.next = NextPage(found.page + 1, found.following.word())
    return call.reply(SearchedCompanies([shape(call, company) for company in found.companies], found.total, pages))
