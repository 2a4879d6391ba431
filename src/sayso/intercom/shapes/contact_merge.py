"""Merges: what is asked, and what was merged."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sayso.domain.links import MergeRecord
from sayso.http.loose import Identifier


class MergeFields(Struct):
    """`from` is a lead, in Preview also a user; `into` is the user who gets all that is theirs."""

    source: Identifier | UnsetType = msgspec.field(default=UNSET, name="from")
    into: Identifier | UnsetType = UNSET
    skip_duplicate_validation: bool | UnsetType | None = UNSET


class MergeHistoryItem(Struct, tag_field="type", tag="merge_history"):
    source_contact_id: str
    source_contact_role: Literal["user", "lead"]
    merged_at: int

    @classmethod
    def of(cls, record: MergeRecord) -> MergeHistoryItem:
        return cls(record.source_id, "lead" if record.source_role == "lead" else "user", record.merged_at // 1000)


class MergeHistoryList(Struct, tag_field="type", tag="list"):
    """`next_cursor` is absent on the last page."""

    data: list[MergeHistoryItem]
    has_more: bool
    next_cursor: str | UnsetType = UNSET


class MergedField(Struct):
    """What becomes of a field of which the lead has a value, or of a choice that changes. What is null is left out, but
    for the new value."""

    field: str
    outcome: Literal["adopted", "discarded", "merged"]
    from_value: Any = UNSET
    into_value: Any = UNSET
    new_into_value: Any = None


class MergedFields(Struct):
    """At most fifty; `total_count` counts all."""

    attributes: list[MergedField]
    total_count: int


class Reassigned(Struct):
    """How many are moved from the lead, and how many the user has already."""

    source: int = msgspec.field(name="from")
    into: int


class Reassignments(Struct):
    """What is absent has nothing to move."""

    tags: Reassigned | UnsetType = UNSET
    notes: Reassigned | UnsetType = UNSET


class MergeSummary(Struct):
    attribute_changes: MergedFields
    reassignments: Reassignments


class AllowedMerge(Struct, kw_only=True):
    allowed: bool = True
    summary: MergeSummary


class MergeReason(Struct):
    code: Literal["invalid_merge_role_pair", "no_shared_identifier"]
    message: str


class BlockedMerge(Struct, kw_only=True):
    allowed: bool = False
    reasons: list[MergeReason]
