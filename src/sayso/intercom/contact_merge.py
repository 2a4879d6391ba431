"""Merging contacts, and the history of merges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET

from sayso.domain.contact import Contact as DomainContact
from sayso.domain.contact import Role
from sayso.domain.errors import Invalid, Missing
from sayso.domain.merge import ANY_INTO_USERS, LEADS_INTO_USERS
from sayso.domain.paging import Cursor, size
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.contact_object import object_of
from sayso.intercom.shapes.contact_merge import MergeFields, MergeHistoryItem, MergeHistoryList
from sayso.intercom.versions import Version

T = TypeVar("T")

PER_PAGE, MOST_PER_PAGE = 50, 150

_TOLD_SINCE = Version.V2_16

_FIELDS = msgspec.json.Decoder(MergeFields)


async def merge(call: Call) -> Response:
    """Merge a lead into a user: the user has then what was the lead's, and nobody finds the lead any more. In Preview a
    user may be merged into another one."""
    contact = await apply(call, call.region.merges.merge)
    (encoded,) = await objects_of(call, [contact])
    return Response(encoded)


def apply(call: Call, operation: Callable[..., Awaitable[T]]) -> Awaitable[T]:
    """`MergeService.merge` or its `preview`, with what the body asks for. Raises Missing before it is awaited."""
    fields = call.body(_FIELDS)
    if fields.source is UNSET:
        raise Missing("from must name a contact", "from")
    if fields.into is UNSET:
        raise Missing("into must name a user", "into")
    # Before 2.16 any lead went into any user.
    duplicates_only = call.version >= Version.V2_16 and fields.skip_duplicate_validation is not True
    roles = ANY_INTO_USERS if call.version is Version.PREVIEW else LEADS_INTO_USERS
    contacts = (fields.source, fields.into)
    return operation(call.author, call.workspace_id, *contacts, duplicates_only=duplicates_only, roles=roles)


async def history(call: Call) -> Response:
    """The leads that were merged into a user, the last one first. Since 2.16."""
    query = call.request.query
    per_page = size(query.get("per_page", str(PER_PAGE)), "per_page", MOST_PER_PAGE)
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise Invalid("order is asc or desc", "order")
    word = query.get("cursor")
    cursor = Cursor.of(word, "cursor") if word else None
    after = (cursor.at, cursor.id) if cursor else None
    found = await call.region.merges.history(
        call.workspace_id, call.parameters[0], after, per_page, newest_first=order == "desc"
    )
    answer = MergeHistoryList([MergeHistoryItem.of(record) for record in found.records], found.has_more)
    if found.has_more:
        last, page = found.records[-1], cursor.page + 1 if cursor else 1
        answer.next_cursor = Cursor(last.merged_at, last.source_id, page, 0).word()
    return call.reply(answer)


async def objects_of(call: Call, contacts: Sequence[DomainContact]) -> list[bytes]:
    """Contacts as JSON; users with what was merged into them last, where the query asks for it. Since 2.16."""
    objects = [object_of(call, contact) for contact in contacts]
    if call.version < _TOLD_SINCE or not call.request.query_string:
        return objects
    if not call.asks_for("include_merge_history"):
        return objects
    return [await _with_history(call, *each) for each in zip(contacts, objects, strict=True)]


async def _with_history(call: Call, contact: DomainContact, told: bytes) -> bytes:
    if contact.profile.role is not Role.USER:
        return told
    records = await call.region.merges.latest(call.workspace_id, contact.id)
    history = msgspec.json.encode([MergeHistoryItem.of(record) for record in records])
    return b'%b,"merge_history":%b}' % (told[:-1], history)
