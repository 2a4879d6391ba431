"""The settings log in memory."""

from __future__ import annotations

from sayso.domain.errors import Stale
from sayso.domain.settings_log import SettingsEntry, SettingsHead
from sayso.service.ports_settings import StoredSetting


class MemorySettingsLogStore:
    def __init__(self) -> None:
        self.kept: dict[str, list[StoredSetting]] = {}

    async def head(self, workspace_id: str) -> SettingsHead:
        kept = self.kept.get(workspace_id)
        return SettingsHead.of(kept[-1].entry) if kept else SettingsHead()

    async def rows(self, workspace_id: str, after: int, limit: int) -> list[StoredSetting | None]:
        return [*[one for one in self.kept.get(workspace_id, ()) if one.entry.seq > after][:limit]]

    def refuse_taken(self, entry: SettingsEntry) -> None:
        """Raises Stale where the entry's number is taken. To be asked before anything is written."""
        if entry.seq != len(self.kept.get(entry.workspace_id, ())) + 1:
            raise Stale("somebody was faster")

    def append(self, entry: SettingsEntry) -> None:
        self.kept.setdefault(entry.workspace_id, []).append(StoredSetting(entry, entry.hash()))
