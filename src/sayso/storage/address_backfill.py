"""The code of migration 0007: the normal forms of the addresses there are, and claims on them in the place of claims on
the form that was compared before.

Two users whose emails were different before may have the same form. The older one claims it; the other shares it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.contact import ContactState, Role
from sayso.storage.backfill import Batch, read_rows
from sayso.storage.engine import Row

_CONTACTS = """SELECT workspace_id, contact_id, revision, role, state, created_at, email, phone, normal_email,
normal_phone FROM contacts WHERE (workspace_id, contact_id) > ($1, $2)
ORDER BY workspace_id, contact_id LIMIT $3 OFFSET $4"""

# A server of the version before may have given the contact another address meanwhile.
_NORMALIZE = """UPDATE contacts SET normal_email = $4, normal_phone = $5
WHERE workspace_id = $1 AND contact_id = $2 AND revision = $3"""

_SHARE = "UPDATE contacts SET shares_email = 1 WHERE workspace_id = $1 AND contact_id = $2"

_CONTACT = """SELECT role, state, created_at, email FROM contacts
WHERE workspace_id = $1 AND contact_id = $2 LIMIT $3 OFFSET $4"""

_HOLDER = "SELECT contact_id FROM contact_keys WHERE workspace_id = $1 AND kind = 'email' AND value = $2"

_RELEASE = """DELETE FROM contact_keys
WHERE workspace_id = $1 AND kind = 'email' AND value = $2 AND contact_id = $3"""

_TAKE = """INSERT INTO contact_keys (workspace_id, kind, value, contact_id, state, at)
VALUES ($1, 'email', $2, $3, $4, $5) ON CONFLICT (workspace_id, kind, value) DO NOTHING"""

_TAKE_OVER = """UPDATE contact_keys SET contact_id = $3, state = $4, at = $5
WHERE workspace_id = $1 AND kind = 'email' AND value = $2"""

# Of contacts that were deleted, claims are all that is left of their addresses.
_DELETED = """SELECT workspace_id, value, contact_id, at FROM contact_keys
WHERE (workspace_id, kind, value) > ($1, 'email', $2) AND kind = 'email' AND state = 'deleted'
ORDER BY workspace_id, kind, value LIMIT $3 OFFSET $4"""


async def normalize(batch: Batch) -> str | None:
    """Do the next contacts, and after them the next claims of deleted ones. What cannot be read is left out: `verify`
    names it, and a server starts all the same."""
    # `skip` counts the rows after the key that were dealt with: the key of a row that cannot be read is not known.
    step, *key, skip = json.loads(batch.place or '["contacts", "", "", 0]')
    if step == "contacts":
        start = (key[0], bytes.fromhex(key[1]))
        rows = await read_rows(batch, _CONTACTS, start, batch.limit, skip)
        await _contacts(batch, [row for row in rows if row])
        keys = [(row[0], row[1].hex()) if row else None for row in rows]
    else:
        rows = await read_rows(batch, _DELETED, tuple(key), batch.limit, skip)
        rows = [row if row and isinstance(row[1], str) else None for row in rows]
        await _deleted(batch, [row for row in rows if row])
        keys = [row[:2] if row else None for row in rows]
    if len(rows) < batch.limit:
        return json.dumps(["claims", "", "", 0]) if step == "contacts" else None
    for dealt_with in keys:
        key, skip = (list(dealt_with), 0) if dealt_with else (key, skip + 1)
    return json.dumps([step, *key, skip])


async def _contacts(batch: Batch, rows: Sequence[Row]) -> None:
    changed, moved = [], []
    for row in rows:
        workspace_id, contact_id, revision, *_, email, phone, normal_email, normal_phone = row
        forms = (_form(email, normalize_email), _form(phone, normalize_phone))
        if forms != (normal_email, normal_phone):
            changed.append((workspace_id, contact_id, revision, *forms))
        if _claims(row[3], row[4]) and forms[0] and forms[0] != _form_before(email):
            moved.append(row)
    await batch.write(_NORMALIZE, changed)
    for row in moved:
        await _move(batch, row)


async def _move(batch: Batch, row: Row) -> None:
    """Give up the claim on the form compared before, and claim the normal form."""
    workspace_id, contact_id, _, _, state, created_at, email, *_ = row
    value, wanted = normalize_email(email), (contact_id, state, batch.now)
    await batch.write(_RELEASE, [(workspace_id, _form_before(email), contact_id)])
    held = await batch.read(_HOLDER, workspace_id, value)
    if not held:
        await batch.write(_TAKE, [(workspace_id, value, *wanted)])
        return
    holder = held[0][0]
    if holder == contact_id:
        return
    since = await _holds_since(batch, workspace_id, holder, value)
    is_older = since is None or (created_at, contact_id) < (since, holder)
    if is_older:
        await batch.write(_TAKE_OVER, [(workspace_id, value, *wanted)])
    if since is not None:
        await batch.write(_SHARE, [(workspace_id, holder if is_older else contact_id)])


async def _holds_since(batch: Batch, workspace_id: str, contact_id: bytes, value: str) -> int | None:
    """When a contact was created that rightly claims a normal form; None where it claims something else, and will come
    to that in its turn, or was deleted."""
    for row in await read_rows(batch, _CONTACT, (workspace_id, contact_id), 1, 0):
        if row and _claims(row[0], row[1]) and _form(row[3], normalize_email) == value:
            return int(row[2])
    return None


async def _deleted(batch: Batch, rows: Sequence[Row]) -> None:
    moved = [(row, normalize_email(row[1])) for row in rows]
    moved = [(row, value) for row, value in moved if value != row[1]]
    await batch.write(_RELEASE, [row[:3] for row, _ in moved])
    await batch.write(_TAKE, [(row[0], value, row[2], ContactState.DELETED, row[3]) for row, value in moved])


def _claims(role: object, state: object) -> bool:
    return role == Role.USER and state in (ContactState.LIVE, ContactState.ARCHIVED, ContactState.BLOCKED)


def _form(given: object, normalize: Any) -> str | None:
    return normalize(given) if isinstance(given, str) else None


def _form_before(email: str) -> str:
    return email.strip().casefold()
