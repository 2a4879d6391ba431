"""Data events, in memory."""

from __future__ import annotations

from sayso.domain.data_event import DataEvent, DataEventRow, Doings, EventPlace, Summary, joined
from sayso.domain.errors import Stale
from sayso.service.ports_data_event import EventMove
from sayso.storage.memory.contact import MemoryContactStore


class MemoryDataEventStore:
    """What contacts were told to have done is read off their changes."""

    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def exists(self, workspace_id: str, contact_id: str, name: str, at: int) -> bool:
        return any((event.name, event.at) == (name, at) for event in self._events(workspace_id, contact_id))

    async def page(
        self, workspace_id: str, contact_id: str, before: EventPlace | None, since: EventPlace, limit: int
    ) -> list[DataEvent]:
        found = [
            event
            for event in self._events(workspace_id, contact_id)
            if since < (event.at, event.id) and (before is None or (event.at, event.id) < before)
        ]
        return sorted(found, key=lambda event: (event.at, event.id), reverse=True)[:limit]

    async def summary(self, workspace_id: str, contact_id: str, name: str) -> Summary | None:
        return self._counted(workspace_id, contact_id).get(name)

    async def summaries(self, workspace_id: str, contact_id: str, limit: int) -> list[Summary]:
        found = self._counted(workspace_id, contact_id).values()
        return sorted(found, key=lambda summary: (summary.first, summary.name))[:limit]

    async def count_names(self, workspace_id: str, contact_id: str, limit: int) -> int:
        return min(len(self._counted(workspace_id, contact_id)), limit)

    async def move(self, workspace_id: str, contact_id: str) -> EventMove | None:
        """A change moves or erases all at once."""
        return None

    async def move_portion(self, move: EventMove) -> None:
        raise Stale("there is nothing to move")

    async def moves(self, workspace_id: str) -> list[str]:
        return []

    async def moves_into(self, workspace_id: str, into_id: str) -> list[str]:
        return []

    def _events(self, workspace_id: str, contact_id: str) -> list[DataEvent]:
        return list(_doings(self._told(workspace_id, contact_id)).events)

    def _counted(self, workspace_id: str, contact_id: str) -> dict[str, Summary]:
        return {summary.name: summary for summary in _doings(self._told(workspace_id, contact_id)).summaries}

    def _told(self, workspace_id: str, contact_id: str, before: str | None = None) -> list[DataEventRow]:
        """What a contact was told to have done; `before`: before an act, by its id."""
        told: list[DataEventRow] = []
        for change in self._contacts.events.get((workspace_id, contact_id), ()):
            if change.act.id == before:
                break
            if change.after.state.is_empty:
                told.clear()
            if change.absorbs is not None:
                told += joined(_doings(told), _doings(self._told(workspace_id, change.absorbs, change.act.id)))
            told += change.told
        return told


def _doings(told: list[DataEventRow]) -> Doings:
    summaries = {row.name: row for row in told if isinstance(row, Summary)}
    return Doings(tuple(row for row in told if isinstance(row, DataEvent)), tuple(summaries.values()))
