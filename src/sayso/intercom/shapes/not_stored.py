"""Lists of what Intercom keeps and Sayso does not: they are always empty."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

Empty = Annotated[list[dict[str, Any]], Meta(max_length=0)]


class EmptyPages(Struct, tag_field="type", tag="pages"):
    next: None
    page: int
    per_page: int
    total_pages: int


class ActivityLogList(Struct, tag_field="type", tag="activity_log.list"):
    pages: EmptyPages
    activity_logs: Empty


class ActivityLogEventTypeList(Struct, tag_field="type", tag="activity_log_event_type.list"):
    event_types: Annotated[list[str], Meta(max_length=0)]


class ActivityLogSearch(Struct):
    """Which page is asked for. What else a search may hold is not looked at, since nothing is searched."""

    page: int = 1
    per_page: int = 20


class TeamList(Struct, tag_field="type", tag="team.list"):
    teams: Empty


class ConversationList(Struct, tag_field="type", tag="conversation.list"):
    pages: EmptyPages
    total_count: int
    conversations: Empty


class TicketList(Struct, tag_field="type", tag="ticket.list"):
    pages: EmptyPages
    total_count: int
    tickets: Empty


class TicketTypeList(Struct, tag_field="type", tag="list"):
    """`ticket_types` is there up to 2.11, whose schemas name it, while its examples name `data`."""

    data: Empty
    ticket_types: Empty | UnsetType = UNSET


class ArticleList(Struct, tag_field="type", tag="list"):
    pages: EmptyPages
    total_count: int
    data: Empty


class CollectionList(Struct, tag_field="type", tag="list"):
    data: Empty
    total_count: int
    pages: EmptyPages


class NewsItemList(Struct, tag_field="type", tag="list"):
    pages: EmptyPages
    data: Empty
    total_count: int
