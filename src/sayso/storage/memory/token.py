"""Tokens in memory."""

from __future__ import annotations

from sayso.domain.access import Token
from sayso.domain.errors import Stale
from sayso.domain.settings_log import SettingsEntry
from sayso.service.ports_settings import TokenRow
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryTokenStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces
        self._tokens: dict[tuple[str, str], Token] = {}

    async def find(self, digest: bytes) -> Token | None:
        found = [token for token in self._tokens.values() if token.digest == digest]
        return max(found, key=lambda token: token.created_at, default=None)

    async def all(self, workspace_id: str) -> list[Token]:
        kept = (token for token in self._tokens.values() if token.workspace_id == workspace_id)
        return sorted(kept, key=lambda token: (token.created_at, token.id))

    async def rows(self, workspace_id: str) -> list[TokenRow | None]:
        kept = await self.all(workspace_id)
        return [TokenRow(token.id, token.digest, sorted(token.scopes), token.revoked_at) for token in kept]

    async def add(self, token: Token, logged: SettingsEntry) -> None:
        self._workspaces.settings_log.refuse_taken(logged)
        self._tokens[token.workspace_id, token.id] = token
        self._workspaces.settings_log.append(logged)

    async def revoke(self, token: Token, logged: SettingsEntry) -> None:
        kept = self._tokens.get((token.workspace_id, token.id))
        if kept is None or kept.revoked_at is not None:
            raise Stale("somebody was faster")
        self._workspaces.settings_log.refuse_taken(logged)
        self._tokens[token.workspace_id, token.id] = token
        self._workspaces.settings_log.append(logged)
        self._workspaces.raise_version(token.workspace_id)
