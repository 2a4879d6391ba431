"""The settings log: the entry that goes with a change."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.act import Author
from sayso.domain.settings_log import Setting, SettingsEntry, SettingsHead
from sayso.service.ports import Clock, Ids, Store


class SettingsLog:
    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def next(self, workspace_id: str, setting: Setting, author: Author) -> SettingsEntry:
        """The entry of one change. Its commit is Stale when somebody else has written the next entry meanwhile."""
        head = await self._store.settings_log.head(workspace_id)
        return self._entry_after(head, workspace_id, setting, author)

    def first(self, workspace_id: str, settings: Sequence[Setting], author: Author) -> list[SettingsEntry]:
        """The entries that a new workspace begins with."""
        head, entries = SettingsHead(), []
        for setting in settings:
            entries.append(self._entry_after(head, workspace_id, setting, author))
            head = SettingsHead.of(entries[-1])
        return entries

    def _entry_after(self, head: SettingsHead, workspace_id: str, setting: Setting, author: Author) -> SettingsEntry:
        now = self._clock()
        return head.follow(workspace_id, setting, self._ids.act(now), now, author)
