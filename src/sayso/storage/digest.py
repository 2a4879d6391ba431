"""What the digest of a workspace covers of contacts, as rows."""

from __future__ import annotations

from sayso.domain.digest import DigestRow
from sayso.storage.engine import Engine

_CONTACTS = """SELECT contact_id, state, revision, role, external_id, email, phone, subject, head_seq, head_hash,
binding_key FROM contacts WHERE workspace_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3"""


class SqlDigestStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def contacts(self, workspace_id: str, after: bytes, limit: int) -> list[DigestRow | None]:
        rows = await self._engine.salvage(_CONTACTS, workspace_id, after, limit)
        return [DigestRow(*row) if row else None for row in rows]
