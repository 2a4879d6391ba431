"""Data events and their summaries, as Intercom tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from sayso.domain.contact import Contact
from sayso.domain.data_event import DataEvent as DomainEvent
from sayso.domain.data_event import Summary
from sayso.http.loose import Identifier, Second


class DataEvent(Struct, tag_field="type", tag="event"):
    id: str
    event_name: str
    created_at: int
    user_id: str | None
    email: str | None
    intercom_user_id: str
    metadata: dict[str, Any]

    @classmethod
    def of(cls, event: DomainEvent, contact: Contact) -> DataEvent:
        known = (contact.profile.external_id, contact.profile.email, contact.id)
        return cls(str(UUID(event.id)), event.name, event.at, *known, dict(event.metadata))


class DataEventPages(Struct):
    """Where older events are, and newer ones: addresses, absent where there is nothing to ask."""

    next: str | UnsetType = UNSET
    since: str | UnsetType = UNSET


class DataEventList(Struct, tag_field="type", tag="event.list"):
    """Events of a contact, newest first."""

    email: str | None
    intercom_user_id: str
    user_id: str | None
    events: list[DataEvent]
    pages: DataEventPages


class DataEventCount(Struct):
    """`first` and `last` as ISO 8601 has them."""

    name: str
    first: str
    last: str
    count: int

    @classmethod
    def of(cls, summary: Summary) -> DataEventCount:
        return cls(summary.name, _iso(summary.first), _iso(summary.last), summary.total)


class DataEventSummary(Struct, tag_field="type", tag="event.summary"):
    email: str | None
    intercom_user_id: str
    user_id: str | None
    events: list[DataEventCount]


class Accepted(Struct):
    """Nothing more is told of it."""


class _Somebody(Struct):
    user_id: Annotated[str | int, Meta(description="The customer's own id of the contact")] | UnsetType | None = UNSET
    id: Annotated[Identifier, Meta(description="The contact's id; leads are named by it")] | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


class DataEventFields(_Somebody):
    """What a contact did, and who it was: by one of `id`, `user_id` and `email`."""

    event_name: str | UnsetType | None = UNSET
    created_at: Annotated[Second, Meta(description="When it happened, in seconds")] | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class DataEventSummaryFields(Struct):
    event_name: str | UnsetType | None = UNSET
    count: int | UnsetType | None = UNSET
    first: Second | UnsetType | None = UNSET
    last: Second | UnsetType | None = UNSET


class DataEventSummariesFields(_Somebody):
    """How often a contact did something: what was counted before no longer counts."""

    event_summaries: DataEventSummaryFields | UnsetType | None = UNSET


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
