"""The code of migration 0002: a key for every contact whose chain has not begun, so that it begins bound."""

from __future__ import annotations

import json
from secrets import token_bytes

from sayso.storage.backfill import Batch

_CONTACTS = """SELECT workspace_id, contact_id, head_seq FROM contacts WHERE (workspace_id, contact_id) > ($1, $2)
ORDER BY workspace_id, contact_id LIMIT $3"""

# A server of the version before may have begun the chain meanwhile, without a binding.
_GIVE = """UPDATE contacts SET binding_key = $3
WHERE workspace_id = $1 AND contact_id = $2 AND head_seq = 0 AND binding_key IS NULL"""


async def give_keys(batch: Batch) -> str | None:
    workspace_id, after = json.loads(batch.place or '["", ""]')
    rows = await batch.read(_CONTACTS, workspace_id, bytes.fromhex(after), batch.limit)
    await batch.write(_GIVE, [(owner, contact, token_bytes(16)) for owner, contact, seq in rows if seq == 0])
    return json.dumps([rows[-1][0], rows[-1][1].hex()]) if rows else None
