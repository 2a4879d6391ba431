"""Activities of contacts."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.activity import Activity


class ContactActivity(Struct, tag_field="type", tag="contact_activity", kw_only=True):
    """What is not known, or does not concern an activity, is absent; `external_id` unless the contact is live. Of a
    merge `contact_id` is the survivor's id. `id` is also a cursor: what `starting_after` takes."""

    id: str
    event_type: Literal["contact.created", "contact.role_updated", "contact.merged", "contact.deleted"]
    contact_id: str
    external_id: str | UnsetType = UNSET
    role: Literal["user", "lead"] | UnsetType = UNSET
    merge_source_id: str | UnsetType = UNSET
    merge_target_id: str | UnsetType = UNSET
    created_at: int

    @classmethod
    def of(cls, activity: Activity) -> ContactActivity:
        return cls(
            id=activity.id,
            event_type=activity.type.value,
            contact_id=activity.contact_id,
            external_id=_given(activity.external_id),
            role=UNSET if activity.role is None else activity.role.value,
            merge_source_id=_given(activity.merge_source_id),
            merge_target_id=_given(activity.merge_target_id),
            created_at=activity.at // 1000,
        )


class NextActivities(Struct):
    starting_after: str


class ActivityPages(Struct, tag_field="type", tag="pages"):
    """`next` is null on the last page."""

    per_page: int
    next: NextActivities | None = None


class ContactActivityList(Struct, tag_field="type", tag="list"):
    """`data` may have fewer than `per_page`, or none, and `pages` still lead on."""

    data: list[ContactActivity]
    pages: ActivityPages


def _given(text: str | None) -> str | UnsetType:
    return UNSET if text is None else text
