"""Activities of contacts: created, role updated, merged, deleted."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sayso.domain.contact import CREATED, DELETED, LEAD_CREATED, ROLE_UPDATED, Contact, ContactState, Role
from sayso.domain.merge import MERGED_AWAY


class ActivityType(StrEnum):
    CREATED = "contact.created"
    ROLE_UPDATED = "contact.role_updated"
    MERGED = "contact.merged"
    DELETED = "contact.deleted"


_TYPES = {
    CREATED: ActivityType.CREATED,
    LEAD_CREATED: ActivityType.CREATED,
    ROLE_UPDATED: ActivityType.ROLE_UPDATED,
    MERGED_AWAY: ActivityType.MERGED,
    DELETED: ActivityType.DELETED,
}

#: The kinds of the changes that are activities.
KINDS = tuple(_TYPES)


class ActivityEvent(NamedTuple):
    """A change of one of `KINDS` as it was recorded: the act's id as hex digits, whose it was, and when, in ms."""

    act: str
    contact_id: str
    kind: str
    at: int


class Activity(NamedTuple):
    """`id` is the act's. `external_id` is None unless the contact is live. Of a merge `contact_id` and `role` are the
    survivor's. `at` is in ms."""

    id: str
    type: ActivityType
    contact_id: str
    at: int
    external_id: str | None = None
    role: Role | None = None
    merge_source_id: str | None = None
    merge_target_id: str | None = None


def describe(event: ActivityEvent, contact: Contact | None, survivor: Contact | None) -> Activity:
    """An event as an activity, by what is known now of its contact and of the one that it was merged into."""
    about = survivor if event.kind == MERGED_AWAY else contact
    activity = Activity(event.act, _TYPES[event.kind], event.contact_id, event.at)
    if event.kind == MERGED_AWAY:
        target_id = contact.profile.merged_into if contact else None
        activity = activity._replace(
            contact_id=target_id or event.contact_id, merge_source_id=event.contact_id, merge_target_id=target_id
        )
    if about is None:
        return activity
    # A lead may have become a user since; no user becomes a lead.
    role = Role.LEAD if event.kind == LEAD_CREATED else about.profile.role
    external_id = about.profile.external_id if about.head.state is ContactState.LIVE else None
    return activity._replace(role=role, external_id=external_id)
