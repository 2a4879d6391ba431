"""Lists of what Intercom keeps and Sayso does not: empty, so that connectors which read everything reach their end.

The header field `Sayso-Not-Stored` names what is not stored, to tell such a list from one that happens to be empty.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct

from sayso.domain.paging import size
from sayso.http.response import Response, line
from sayso.intercom.call import Call
from sayso.intercom.paged import MOST_PAGES, asked
from sayso.intercom.shapes.not_stored import (
    ActivityLogEventTypeList,
    ActivityLogList,
    ActivityLogSearch,
    ArticleList,
    CollectionList,
    ConversationList,
    EmptyPages,
    NewsItemList,
    TeamList,
    TicketList,
    TicketTypeList,
)
from sayso.intercom.shapes.search import SearchRequest
from sayso.intercom.versions import Version

#: How many were on a page, by Intercom's examples.
PER_PAGE, ARTICLES_PER_PAGE, NEWS_PER_PAGE = 20, 25, 10

#: How many activity logs a search may ask for at once.
MOST_ACTIVITY_LOGS = 250

_ACTIVITY_LOG_SEARCH = msgspec.json.Decoder(ActivityLogSearch)

_SEARCH = msgspec.json.Decoder(SearchRequest)


async def activity_logs(call: Call) -> Response:
    """An empty list: what changed in Sayso is in its ledger."""
    return _reply(call, "activity_logs", ActivityLogList(_pages(call.request.query), []))


async def search_activity_logs(call: Call) -> Response:
    """An empty list, whatever is searched for: what changed in Sayso is in its ledger."""
    search = call.body(_ACTIVITY_LOG_SEARCH)
    per_page = size(str(search.per_page), "per_page", MOST_ACTIVITY_LOGS)
    page = size(str(search.page), "page", MOST_PAGES)
    return _reply(call, "activity_logs", ActivityLogList(EmptyPages(None, page, per_page, 0), []))


async def activity_log_event_types(call: Call) -> Response:
    """An empty list: there are no activity logs of any type."""
    return _reply(call, "activity_logs", ActivityLogEventTypeList([]))


async def teams(call: Call) -> Response:
    """An empty list: Sayso has no inbox, and so no teams."""
    return _reply(call, "teams", TeamList([]))


async def conversations(call: Call) -> Response:
    """An empty list: Sayso has no inbox."""
    return _reply(call, "conversations", ConversationList(_pages(call.request.query), 0, []))


async def search_conversations(call: Call) -> Response:
    """An empty list, whatever is searched for: Sayso has no inbox."""
    return _reply(call, "conversations", ConversationList(_searched(call), 0, []))


async def search_tickets(call: Call) -> Response:
    """An empty list, whatever is searched for: Sayso has no tickets."""
    return _reply(call, "tickets", TicketList(_searched(call), 0, []))


async def ticket_types(call: Call) -> Response:
    """An empty list: Sayso has no tickets."""
    return _reply(call, "ticket_types", TicketTypeList([], [] if call.version <= Version.V2_11 else UNSET))


async def articles(call: Call) -> Response:
    """An empty list: Sayso has no help center."""
    return _reply(call, "articles", ArticleList(_pages(call.request.query, ARTICLES_PER_PAGE), 0, []))


async def collections(call: Call) -> Response:
    """An empty list: Sayso has no help center."""
    return _reply(call, "collections", CollectionList([], 0, _pages(call.request.query)))


async def news_items(call: Call) -> Response:
    """An empty list: Sayso has no news."""
    return _reply(call, "news_items", NewsItemList(_pages(call.request.query, NEWS_PER_PAGE), [], 0))


def _searched(call: Call) -> EmptyPages:
    """The pages of a search; its query is not checked, since nothing is searched."""
    pagination = call.body(_SEARCH).pagination
    per_page = pagination.per_page if pagination else None
    return _pages({} if per_page is None else {"per_page": str(per_page)})


def _pages(query: dict[str, str], default: int = PER_PAGE) -> EmptyPages:
    """The pages that a query asks for. There never was a cursor to go on from: what is sent as one is ignored."""
    page = asked({name: query[name] for name in ("page", "per_page") if name in query}, default)
    return EmptyPages(None, page.number, page.size, page.pages(0))


def _reply(call: Call, what: str, empty: Struct) -> Response:
    response = call.reply(empty)
    response.lines = line(b"sayso-not-stored", what.encode())
    return response
