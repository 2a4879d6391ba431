"""Access tokens, as rows: the digest of a value, never the value."""

from __future__ import annotations

from sayso.domain.access import Scope, Token
from sayso.domain.settings_log import SettingsEntry
from sayso.service.ports_settings import TokenRow
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.settings_log import append_statement
from sayso.storage.workspace import RAISE_VERSION

_COLUMNS = "token_id, workspace_id, name, digest, hint, scopes, created_at, revoked_at"

# The one read that cannot name its workspace: it is how the workspace is found.
_FIND = f"SELECT {_COLUMNS} FROM tokens WHERE digest = $1 ORDER BY created_at DESC LIMIT 1"

_ALL = f"SELECT {_COLUMNS} FROM tokens WHERE workspace_id = $1 ORDER BY created_at, token_id"

_ROWS = "SELECT token_id, digest, scopes, revoked_at FROM tokens WHERE workspace_id = $1 ORDER BY token_id"

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

    async def rows(self, workspace_id: str) -> list[TokenRow | None]:
        return [_row(row) for row in await self._engine.salvage(_ROWS, workspace_id)]

    async def add(self, token: Token, logged: SettingsEntry) -> None:
        scopes = " ".join(sorted(token.scopes))
        facts = (token.name, token.digest, token.hint, scopes, token.created_at)
        inserted = Statement(_INSERT, (token.workspace_id, token.id, *facts))
        await self._engine.commit([inserted, append_statement(logged)])

    async def revoke(self, token: Token, logged: SettingsEntry) -> None:
        revoked = Statement(_REVOKE, (token.revoked_at, token.workspace_id, token.id), True)
        raised = Statement(RAISE_VERSION, (token.workspace_id,))
        await self._engine.commit([revoked, raised, append_statement(logged)])


def _row(row: Row | None) -> TokenRow | None:
    if row is None:
        return None
    token_id, digest, scopes, revoked_at = row
    return TokenRow(token_id, digest, str(scopes).split(), revoked_at)


def _token(row: Row) -> Token:
    token_id, workspace_id, name, digest, hint, scopes, created_at, revoked_at = row
    granted = frozenset(Scope(scope) for scope in scopes.split())
    return Token(token_id, workspace_id, name, digest, hint, granted, created_at, revoked_at)
