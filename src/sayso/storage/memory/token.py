"""Tokens in memory."""

from __future__ import annotations

from dataclasses import replace

from sayso.domain.access import Token
from sayso.domain.errors import NotFound
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

    async def add(self, token: Token) -> None:
        self._tokens[token.workspace_id, token.id] = token

    async def revoke(self, workspace_id: str, token_id: str, at: int) -> None:
        token = self._tokens.get((workspace_id, token_id))
        if token is None or token.revoked_at is not None:
            raise NotFound(f"there is no token {token_id} that works")
        self._tokens[workspace_id, token_id] = replace(token, revoked_at=at)
        self._workspaces.raise_version(workspace_id)
