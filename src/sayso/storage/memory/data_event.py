"""Data events, in memory."""

from __future__ import annotations

from sayso.domain.data_event import DataEvent, DataEventRow, Doings, EventPlace, Summary
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

    async def summaries(self, workspace_id: str, contact_id: str) -> list[Summary]:
        found = self._counted(workspace_id, contact_id).values()
        return sorted(found, key=lambda summary: (summary.first, summary.name))

    async def all(self, workspace_id: str, contact_id: str) -> Doings:
        events = sorted(self._events(workspace_id, contact_id), key=lambda event: (event.at, event.id))
        return Doings(tuple(events), tuple(await self.summaries(workspace_id, contact_id)))

    def _events(self, workspace_id: str, contact_id: str) -> list[DataEvent]:
        return [row for row in self._told(workspace_id, contact_id) if isinstance(row, DataEvent)]

    def _counted(self, workspace_id: str, contact_id: str) -> dict[str, Summary]:
        return {row.name: row for row in self._told(workspace_id, contact_id) if isinstance(row, Summary)}

    def _told(self, workspace_id: str, contact_id: str) -> list[DataEventRow]:
        told: list[DataEventRow] = []
        for change in self._contacts.events.get((workspace_id, contact_id), ()):
            if change.after.state.is_empty:
                told.clear()
            told += change.told
        return told
