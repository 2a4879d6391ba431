"""Data events: submit, list, summaries."""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, UnsetType

from sayso.domain.data_event import DataEvent as DomainEvent
from sayso.domain.data_event import EventPlace, summarized
from sayso.domain.errors import Invalid, Missing, WrongCursor
from sayso.domain.paging import Cursor, size
from sayso.domain.second import check_second, is_second
from sayso.http.response import Response
from sayso.intercom import paged
from sayso.intercom.call import Call
from sayso.intercom.shapes.data_event import (
    DataEvent,
    DataEventCount,
    DataEventFields,
    DataEventList,
    DataEventPages,
    DataEventSummariesFields,
    DataEventSummary,
)
from sayso.service.data_event import Named

T = TypeVar("T")

PER_PAGE, MOST_PER_PAGE = 15, 150

_EVENT = msgspec.json.Decoder(DataEventFields)
_SUMMARIES = msgspec.json.Decoder(DataEventSummariesFields)

#: The first and the last place of a second.
_FIRST, _LAST = "", "f" * 32

_ID = re.compile("[0-9a-f]{32}")


async def submit(call: Call) -> Response:
    """Tell of what a contact did. Told again, with the same name and second, it is ignored."""
    fields = call.body(_EVENT)
    name = _given(fields.event_name, "event_name")
    at = _given(fields.created_at, "created_at")
    metadata = fields.metadata or {}
    named = _named(fields.id, fields.user_id, fields.email)
    await call.region.data_events.submit(call.author, call.workspace_id, named, name, at, metadata)
    return Response(b"{}", 202)


async def summarize(call: Call) -> Response:
    """Say how often a contact did something, when first and when last; events to come are added to it."""
    fields = call.body(_SUMMARIES)
    told = _given(fields.event_summaries, "event_summaries")
    name, count = _given(told.event_name, "event_name"), _given(told.count, "count")
    summary = summarized(name, count, _given(told.first, "first"), _given(told.last, "last"))
    named = _named(fields.id, fields.user_id, fields.email)
    await call.region.data_events.summarize(call.author, call.workspace_id, named, summary)
    return Response(b"{}")


async def list_of_contact(call: Call) -> Response:
    """Events of a contact of the last 90 days, newest first; with `summary=true` how often each happened."""
    query = call.request.query
    kind = _given(query.get("type"), "type")
    if kind != "user":
        raise Invalid("type must be user", "type")
    named = _named(query.get("intercom_user_id"), query.get("user_id"), query.get("email"), "intercom_user_id")
    if call.asks_for("summary"):
        contact, summaries = await call.region.data_events.summaries(call.workspace_id, named)
        counts = [DataEventCount.of(summary) for summary in summaries]
        profile = contact.profile
        return _reply(DataEventSummary(profile.email, contact.id, profile.external_id, counts))
    per_page = size(query.get("per_page", str(PER_PAGE)), "per_page", MOST_PER_PAGE)
    before, since = _place(query, "before", _FIRST), _place(query, "since", _LAST)
    page = await call.region.data_events.page(call.workspace_id, named, before, since, per_page)
    contact, events = page.contact, [DataEvent.of(event, page.contact) for event in page.events]
    pages = _pages(call, page.events, contact.id, per_page, more=page.more)
    return _reply(DataEventList(contact.profile.email, contact.id, contact.profile.external_id, events, pages))


def _reply(shape: msgspec.Struct) -> Response:
    """The same in all versions: what looks like an object of another kind in metadata is the customer's own."""
    return Response(msgspec.json.encode(shape))


def _given(value: T | UnsetType | None, name: str) -> T:
    if value is None or value is UNSET:
        raise Missing(f"{name} must be there", name)
    return value


def _named(
    contact_id: str | UnsetType | None,
    user_id: str | int | UnsetType | None,
    email: str | UnsetType | None,
    id_name: str = "id",
) -> Named:
    """Who is meant: the first that is given counts. `id_name`: what the caller calls the contact's id."""
    if contact_id:
        return Named(contact_id=contact_id)
    if isinstance(user_id, (str, int)) and user_id != "":
        return Named(external_id=str(user_id))
    if email:
        return Named(email=email)
    raise Missing(f"user_id, {id_name} or email must name a contact", "user_id")


def _place(query: dict[str, str], name: str, within: str) -> EventPlace | None:
    """Where a page begins or ends: what a link of ours says, or a time in seconds."""
    word = query.get(name)
    if not word:
        return None
    if word.isascii() and word.isdecimal() and len(word) <= 13:
        check_second(int(word), name)
        return int(word), within
    cursor = Cursor.of(word, name)
    if not _ID.fullmatch(cursor.id) or not is_second(cursor.at):
        raise WrongCursor(f"{name} must be what a page before gave", name)
    return cursor.at, cursor.id


def _pages(call: Call, events: list[DomainEvent], contact_id: str, per_page: int, *, more: bool) -> DataEventPages:
    pages = DataEventPages()
    if events:
        pages.since = _link(call, contact_id, per_page, "since", events[0])
    if more:
        pages.next = _link(call, contact_id, per_page, "before", events[-1])
    return pages


def _link(call: Call, contact_id: str, per_page: int, name: str, event: DomainEvent) -> str:
    asked = {"type": "user", "intercom_user_id": contact_id, "per_page": per_page}
    place = Cursor(event.at, event.id, 1, 0).word()
    return f"{paged.origin(call)}/events?{urlencode({**asked, name: place})}"
