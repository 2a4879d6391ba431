"""Segments: listed, found, counted, and those that a contact is in."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain.access import Workspace
from sayso.domain.errors import NotFound
from sayso.domain.search import matches
from sayso.domain.segment import Segment, segments
from sayso.service.contact import ContactService
from sayso.service.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment of a workspace, with how many contacts are in it where that was asked for."""

    id: str
    segment: Segment
    count: int | None = None


class SegmentService:
    def __init__(self, store: Store, contacts: ContactService, clock: Clock) -> None:
        self._store = store
        self._contacts = contacts
        self._clock = clock

    @property
    def now(self) -> int:
        """The time as of which segments are worked out, in ms."""
        return self._clock()

    async def all(self, workspace: Workspace, *, counted: bool) -> list[FoundSegment]:
        return [
            FoundSegment(id_, segment, await self._count(workspace, segment) if counted else None)
            for id_, segment in segments(workspace).items()
        ]

    async def find(self, workspace: Workspace, segment_id: str, *, counted: bool) -> FoundSegment:
        """Raises NotFound."""
        segment = segments(workspace).get(segment_id)
        if segment is None:
            raise NotFound("there is no such segment")
        return FoundSegment(segment_id, segment, await self._count(workspace, segment) if counted else None)

    async def of_contact(self, workspace: Workspace, contact_id: str) -> list[FoundSegment]:
        """Raises ContactNotFound."""
        contact = await self._contacts.find(workspace.id, contact_id)
        now = self._clock()
        known = segments(workspace).items()
        return [FoundSegment(id_, segment) for id_, segment in known if matches(segment.query(now), contact)]

    async def _count(self, workspace: Workspace, segment: Segment) -> int:
        return await self._store.search.count(workspace.id, segment.query(self._clock()))
