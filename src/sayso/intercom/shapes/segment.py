"""Segments."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.access import Workspace
from sayso.domain.contact import Role
from sayso.service.segment import FoundSegment


class Segment(Struct, tag_field="type", tag="segment"):
    """Of users, or of leads, which are called contacts here. `count` is there where it was asked for."""

    id: str
    name: str
    created_at: int
    updated_at: int
    person_type: Literal["contact", "user"]
    count: int | UnsetType = UNSET

    @classmethod
    def of(cls, found: FoundSegment, workspace: Workspace) -> Segment:
        made = workspace.created_at // 1000
        kind: Literal["contact", "user"] = "user" if found.segment.role is Role.USER else "contact"
        return cls(found.id, found.segment.name, made, made, kind, UNSET if found.count is None else found.count)


class SegmentList(Struct, tag_field="type", tag="segment.list"):
    segments: list[Segment]


class ContactSegmentList(Struct, tag_field="type", tag="list"):
    data: list[Segment]
