"""Access tokens, as rows: the digest of a value, never the value."""

from __future__ import annotations

from sayso.domain.access import Scope, Token
from sayso.domain.errors import NotFound, Stale
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.workspace import RAISE_VERSION

_COLUMNS = "token_id, workspace_id, name, digest, hint, scopes, created_at, revoked_at"

# The one read that cannot name its workspace: it is how the workspace is found.
_FIND = f"SELECT {_COLUMNS} FROM tokens WHERE digest = $1 ORDER BY created_at DESC LIMIT 1"

_ALL = f"SELECT {_COLUMNS} FROM tokens WHERE workspace_id = $1 ORDER BY created_at, token_id"

_INSERT = """INSERT INTO tokens (workspace_id, token_id, name, digest, hint, scopes, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""

_REVOKE = "UPDATE tokens SET revoked_at = $1 WHERE workspace_id = $2 AND token_id = $3 AND revoked_at IS NULL"


class SqlTokenStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, digest: bytes) -> Token | None:
        rows = await self._engine.read(_FIND, digest)
        return _token(rows[0]) if rows else None

    async def all(self, workspace_id: str) -> list[Token]:
        return [_token(row) for row in await self._engine.read(_ALL, workspace_id)]

    async def add(self, token: Token) -> None:
        scopes = " ".join(sorted(token.scopes))
        facts = (token.name, token.digest, token.hint, scopes, token.created_at)
        await self._engine.commit([Statement(_INSERT, (token.workspace_id, token.id, *facts))])

    async def revoke(self, workspace_id: str, token_id: str, at: int) -> None:
        revoked = Statement(_REVOKE, (at, workspace_id, token_id), True)
        try:
            await self._engine.commit([revoked, Statement(RAISE_VERSION, (workspace_id,))])
        except Stale:
            raise NotFound(f"there is no token {token_id} that works") from None


def _token(row: Row) -> Token:
    token_id, workspace_id, name, digest, hint, scopes, created_at, revoked_at = row
    granted = frozenset(Scope(scope) for scope in scopes.split())
    return Token(token_id, workspace_id, name, digest, hint, granted, created_at, revoked_at)
