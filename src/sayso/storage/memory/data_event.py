"""Data events, in memory."""

from __future__ import annotations

from sayso.domain.data_event import DataEvent, EventPlace, Summary, Told
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

    def _events(self, workspace_id: str, contact_id: str) -> list[DataEvent]:
        return [told.event for told in self._told(workspace_id, contact_id) if told.event]

    def _counted(self, workspace_id: str, contact_id: str) -> dict[str, Summary]:
        return {told.summary.name: told.summary for told in self._told(workspace_id, contact_id)}

    def _told(self, workspace_id: str, contact_id: str) -> list[Told]:
        told: list[Told] = []
        for change in self._contacts.events.get((workspace_id, contact_id), ()):
            if change.after.state.is_empty:
                told.clear()
            elif change.told:
                told.append(change.told)
        return told
