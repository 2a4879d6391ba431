"""What the services need of the world for data events, as `ports` says for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sayso.domain.data_event import DataEvent, EventPlace, Summary


@dataclass(frozen=True, slots=True)
class EventMove:
    """What is left to do with the data events and summaries of a contact that was merged away or deleted.

    `into_id` is the contact that they are moved to; None: they are erased. Events go first, and summaries when
    `has_events` is false.
    """

    workspace_id: str
    contact_id: str
    into_id: str | None
    has_events: bool


class DataEventStore(Protocol):
    async def exists(self, workspace_id: str, contact_id: str, name: str, at: int) -> bool:
        """Whether a contact did something of that name at that second."""

    async def page(
        self, workspace_id: str, contact_id: str, before: EventPlace | None, since: EventPlace, limit: int
    ) -> list[DataEvent]:
        """What a contact did between two places, newest first."""

    async def summary(self, workspace_id: str, contact_id: str, name: str) -> Summary | None: ...

    async def summaries(self, workspace_id: str, contact_id: str, limit: int) -> list[Summary]:
        """The first of them, in order of the first time."""

    async def count_names(self, workspace_id: str, contact_id: str, limit: int) -> int:
        """How many summaries a contact has; none is counted beyond the limit."""

    async def move(self, workspace_id: str, contact_id: str) -> EventMove | None:
        """What is left to do for a contact that is gone; None when nothing is."""

    async def move_portion(self, move: EventMove) -> None:
        """Do a portion of it, in one transaction. Raises Stale when `move` is no longer what is to be done."""

    async def moves(self, workspace_id: str) -> list[str]:
        """The contacts whose data events are still to be moved or erased."""

    async def moves_into(self, workspace_id: str, into_id: str) -> list[str]:
        """Those of them whose data events are moved to a contact."""
