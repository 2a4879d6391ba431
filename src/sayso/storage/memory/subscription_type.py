"""Subscription types in memory."""

from __future__ import annotations

from sayso.domain.errors import Stale
from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.settings_log import SettingsEntry
from sayso.domain.subscription_type import Notice, SubscriptionType, TypeChange
from sayso.service.ports import TypeRow, Unreadable
from sayso.storage.memory.idempotency import MemoryIdempotencyStore
from sayso.storage.memory.stamps import Stamps
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemorySubscriptionTypeStore:
    def __init__(self, workspaces: MemoryWorkspaceStore, idempotency: MemoryIdempotencyStore) -> None:
        self._workspaces = workspaces
        self._idempotency = idempotency
        self._types: dict[tuple[str, str], SubscriptionType] = {}
        self._stamps: Stamps[str] = Stamps()
        self.kept_notices: dict[str, list[Notice]] = {}

    def revision(self, workspace_id: str, type_id: str) -> int | None:
        kept = self._types.get((workspace_id, type_id))
        return kept.revision if kept else None

    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        found = (type_ for (owner, _), type_ in self._types.items() if owner == workspace_id)
        return sorted(found, key=lambda type_: int(type_.id))

    async def changed(self, workspace_id: str, since: int) -> list[SubscriptionType]:
        found = (self._types[workspace_id, type_id] for type_id in self._stamps.since(workspace_id, since))
        return sorted(found, key=lambda type_: int(type_.id))

    async def notices(self, workspace_id: str) -> list[Notice]:
        kept = self.kept_notices.get(workspace_id, [])
        return sorted(kept, key=lambda notice: (notice.type_id, notice.version, notice.translation.locale))

    async def rows(self, workspace_id: str) -> list[TypeRow | Unreadable]:
        return [
            TypeRow(
                type_.id,
                type_.translations,
                type_.wording,
                type_.default_locale,
                type_.state,
                type_.consent_type,
                type_.channels,
                type_.revision,
            )
            for type_ in await self.all(workspace_id)
        ]

    async def commit(self, change: TypeChange, logged: SettingsEntry, record: IdempotencyRecord | None = None) -> None:
        after = change.after
        key = (after.workspace_id, after.id)
        if self._types.get(key) != change.before or await self._workspaces.version(after.workspace_id) is None:
            raise Stale("somebody was faster")
        self._workspaces.settings_log.refuse_taken(logged)
        if record is not None:
            self._idempotency.keep(record)
        self._types[key] = after
        self.kept_notices.setdefault(after.workspace_id, []).extend(change.notices)
        self._workspaces.settings_log.append(logged)
        self._stamps.stamp(after.workspace_id, after.id, self._workspaces.raise_version(after.workspace_id))
