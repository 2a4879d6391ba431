"""Merges: what is asked, and what was merged."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sayso.domain.links import MergeRecord
from sayso.http.loose import Identifier


class MergeFields(Struct):
    """`from` is a lead, `into` the user who gets all that is the lead's."""

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
