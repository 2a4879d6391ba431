"""Contacts and their claims, as rows."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.contact import UNCLAIMED, Change, Claim, Contact, ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain, origin
from sayso.domain.links import UNLINKED, Links
from sayso.domain.standing import Standing
from sayso.storage import contact_count, data_event
from sayso.storage.company import memberships
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.ids import packed
from sayso.storage.ledger import append
from sayso.storage.links import rows

_STANDING = "SELECT standing FROM contacts WHERE workspace_id = $1 AND contact_id = $2 AND state = 'live'"

_HEAD = """SELECT state, revision, updated_at, subject, head_seq, head_hash, standing, binding_key
FROM contacts WHERE workspace_id = $1 AND contact_id = $2"""

_COLUMNS = """contact_id, state, revision, updated_at, subject, head_seq, head_hash, standing, binding_key,
created_at, role, external_id, email, phone, name, shares_email, profile, tags, companies, notes"""

_FIND = f"SELECT {_COLUMNS} FROM contacts WHERE workspace_id = $1 AND contact_id = $2"

_FIRST_PAGE = f"""SELECT {_COLUMNS} FROM contacts WHERE workspace_id || '' = $1 AND state = $2
ORDER BY created_at, contact_id LIMIT $3"""

_NEXT_PAGE = f"""SELECT {_COLUMNS} FROM contacts WHERE workspace_id || '' = $1 AND state = $2
AND (created_at, contact_id) > ($3, $4) ORDER BY created_at, contact_id LIMIT $5"""

_CLAIM = "SELECT contact_id, state, at FROM contact_keys WHERE workspace_id = $1 AND kind = $2 AND value = $3"

_TAKE = """INSERT INTO contact_keys (workspace_id, kind, value, contact_id, state, at)
VALUES ($1, $2, $3, $4, 'live', $5) ON CONFLICT (workspace_id, kind, value) DO NOTHING"""

_TAKE_OVER = """UPDATE contact_keys SET contact_id = $1, state = 'live', at = $2
WHERE workspace_id = $3 AND kind = $4 AND value = $5 AND contact_id = $6 AND state = $7 AND at = $8"""

_RELEASE = "DELETE FROM contact_keys WHERE workspace_id = $1 AND kind = $2 AND value = $3 AND contact_id = $4"

_MARK = """UPDATE contact_keys SET state = $1, at = $2
WHERE workspace_id = $3 AND kind = $4 AND value = $5 AND contact_id = $6"""

_INSERT = """INSERT INTO contacts (workspace_id, contact_id, state, revision, updated_at, last_act, subject, head_seq,
head_hash, standing, created_at, role, external_id, email, phone, name, profile, normal_email, normal_phone,
shares_email, tags, companies, notes, binding_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
ON CONFLICT (workspace_id, contact_id) DO NOTHING"""

_SWAP = """UPDATE contacts SET revision = $1, updated_at = $2, last_act = $3, head_seq = $4, head_hash = $5,
standing = $6 WHERE workspace_id = $7 AND contact_id = $8 AND revision = $9"""

SWAP_ON_TYPE = f"""{_SWAP} AND EXISTS (SELECT 1 FROM subscription_types
WHERE workspace_id = $10 AND type_id = $11 AND revision = $12)"""

_SWAP_ALL = """UPDATE contacts SET revision = $1, updated_at = $2, last_act = $3, head_seq = $4, head_hash = $5,
standing = $6, state = $7, role = $8, external_id = $9, email = $10, phone = $11, name = $12, profile = $13,
normal_email = $14, normal_phone = $15, shares_email = $16
WHERE workspace_id = $17 AND contact_id = $18 AND revision = $19"""

_SWAP_LINKS = """UPDATE contacts SET revision = $1, updated_at = $2, last_act = $3, head_seq = $4, head_hash = $5,
standing = $6, tags = $7, companies = $8, notes = $9 WHERE workspace_id = $10 AND contact_id = $11 AND revision = $12"""

_SWAP_WHOLE = """UPDATE contacts SET revision = $1, updated_at = $2, last_act = $3, head_seq = $4, head_hash = $5,
standing = $6, state = $7, role = $8, external_id = $9, email = $10, phone = $11, name = $12, profile = $13,
normal_email = $14, normal_phone = $15, shares_email = $16, tags = $17, companies = $18, notes = $19
WHERE workspace_id = $20 AND contact_id = $21 AND revision = $22"""


class SqlContactStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def standing(self, workspace_id: str, contact_id: str) -> str | None:
        rows = await self._engine.read(_STANDING, workspace_id, packed(contact_id))
        return rows[0][0] if rows else None

    async def head(self, workspace_id: str, contact_id: str) -> Head | None:
        rows = await self._engine.read_to_change(_HEAD, workspace_id, packed(contact_id))
        return _head(workspace_id, contact_id, rows[0]) if rows else None

    async def find(self, workspace_id: str, contact_id: str) -> Contact | None:
        rows = await self._engine.read(_FIND, workspace_id, packed(contact_id))
        return _contact(workspace_id, rows[0]) if rows else None

    async def claims(self, workspace_id: str, wanted: Mapping[str, str]) -> dict[str, Claim]:
        found = {}
        for kind, value in wanted.items():
            for contact_id, state, at in await self._engine.read(_CLAIM, workspace_id, kind, value):
                found[kind] = Claim(kind, value, contact_id.hex(), ContactState(state), at)
        return found

    async def page(
        self, workspace_id: str, after: tuple[int, str] | None, limit: int, state: ContactState = ContactState.LIVE
    ) -> list[Contact]:
        if after is None:
            rows = await self._engine.read(_FIRST_PAGE, workspace_id, state, limit)
        else:
            at, contact_id = after
            rows = await self._engine.read(_NEXT_PAGE, workspace_id, state, at, packed(contact_id), limit)
        return [_contact(workspace_id, row) for row in rows]

    async def count(self, workspace_id: str, state: ContactState = ContactState.LIVE) -> int:
        return await contact_count.in_state(self._engine, workspace_id, state)

    def commit(self, change: Change) -> Coroutine[Any, Any, None]:
        return self._engine.commit(statements(change))

    def commit_all(self, changes: Sequence[Change]) -> Coroutine[Any, Any, None]:
        return self._engine.commit(together(changes))


def statements(change: Change) -> list[Statement]:
    """Claims first, in (kind, value) order, then the contact's row by its swap, then what is appended, then the
    companies' rows, then counts."""
    written = [_row(change), *_beside(change)]
    if change.former_companies is not None:
        written += memberships([change])
    if change.created_at is not None:
        written.append(contact_count.creation(change))
    elif change.profile is not None:
        written += contact_count.additions([change])
    if change.claims is UNCLAIMED:
        return written
    return [*_in_order(_claims(change)), *written]


def together(changes: Sequence[Change]) -> list[Statement]:
    """Changes of several contacts as one: all claims, then the contacts' rows in the order of their ids, then the
    rest, companies and counts last."""
    claims: dict[tuple[str, str], Statement] = {}
    for change in changes:
        claims |= _claims(change)
    swaps = [_row(change) for change in sorted(changes, key=lambda change: change.before.id)]
    beside = [statement for change in changes for statement in _beside(change)]
    return [*_in_order(claims), *swaps, *beside, *memberships(changes), *contact_count.additions(changes)]


def _beside(change: Change) -> list[Statement]:
    """What a change writes apart from claims and the contact's row."""
    written = append(change)
    if change.links is not None:
        written += rows(change)
    if change.links is not None or change.told:
        written += data_event.rows(change)
    return written


def _in_order(claims: dict[tuple[str, str], Statement]) -> list[Statement]:
    return [claims[key] for key in sorted(claims)]


def _claims(change: Change) -> dict[tuple[str, str], Statement]:
    """By (kind, value)."""
    workspace_id, claims, at = change.before.workspace_id, change.claims, change.act.at
    contact_id = bytes.fromhex(change.before.id)
    writes: dict[tuple[str, str], Statement] = {}
    for kind, value, expired in claims.take:
        if expired is None:
            writes[kind, value] = Statement(_TAKE, (workspace_id, kind, value, contact_id, at), True)
        else:
            old = (bytes.fromhex(expired.contact_id), expired.state, expired.at)
            writes[kind, value] = Statement(_TAKE_OVER, (contact_id, at, workspace_id, kind, value, *old), True)
    for claim in claims.release:
        held = (workspace_id, claim.kind, claim.value, contact_id)
        writes[claim.kind, claim.value] = Statement(_RELEASE, held, True)
    for claim in claims.mark:
        marked = (claim.state, claim.at, workspace_id, claim.kind, claim.value, contact_id)
        writes[claim.kind, claim.value] = Statement(_MARK, marked, True)
    return writes


def _row(change: Change) -> Statement:
    workspace_id, id_, state, revision, updated_at, (_, _, seq, hash_, _, _), standing = change.after
    key = (workspace_id, bytes.fromhex(id_))
    head = (revision, updated_at, bytes.fromhex(change.act.id), seq, hash_, standing.packed())
    if change.created_at is not None:
        return _insert(change, key, head)
    swap, type_ = (*key, change.before.revision), change.decided_on
    links = change.links.packed() if change.links is not None else None
    if change.profile is not None:
        profile = (state, *_profile_row(change.profile))
        if links is None:
            return Statement(_SWAP_ALL, (*head, *profile, *swap), True)
        return Statement(_SWAP_WHOLE, (*head, *profile, *links, *swap), True)
    if links is not None:
        return Statement(_SWAP_LINKS, (*head, *links, *swap), True)
    if type_ is None:
        return Statement(_SWAP, (*head, *swap), True)
    return Statement(SWAP_ON_TYPE, (*head, *swap, workspace_id, type_.id, type_.revision), True)


def _insert(change: Change, key: tuple[str, bytes], head: tuple[Any, ...]) -> Statement:
    assert change.profile is not None
    revision, updated_at, act, *chain = head
    subject = bytes.fromhex(change.after.chain.subject)
    start = (*key, change.after.state, revision, updated_at, act, subject, *chain, change.created_at)
    rest = (*(change.links or UNLINKED).packed(), change.after.chain.binding_key)
    return Statement(_INSERT, (*start, *_profile_row(change.profile), *rest), True)


_STATE = {state.value: state for state in ContactState}
_ROLE = {role.value: role for role in Role}

_unpacked = msgspec.json.Decoder(dict[str, Any]).decode

_PACKED = (
    "avatar",
    "owner_id",
    "signed_up_at",
    "last_seen_at",
    "language_override",
    "email_verified",
    "merged_into",
)

# One for all: `json.dumps` would make one each time.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _profile_row(profile: Profile) -> tuple[Any, ...]:
    packed = {name: value for name in _PACKED if (value := getattr(profile, name)) is not None}
    if profile.custom_attributes:
        packed["custom_attributes"] = dict(profile.custom_attributes)
    form = _JSON.encode(packed) if packed else "{}"
    email, phone = profile.email, profile.phone
    normal_email = None if email is None else normalize_email(email)
    normal_phone = None if phone is None else normalize_phone(phone)
    said = (profile.role, profile.external_id, email, phone, profile.name, form)
    return (*said, normal_email, normal_phone, int(profile.shares_email))


def _head(workspace_id: str, contact_id: str, row: Row) -> Head:
    state, revision, updated_at, subject, head_seq, head_hash, standing, key = row
    chain = Chain(origin(workspace_id), subject.hex(), head_seq, head_hash, contact_id, key)
    return Head(workspace_id, contact_id, _STATE[state], revision, updated_at, chain, Standing.unpacked(standing))


def _contact(workspace_id: str, row: Row) -> Contact:
    created_at, role, external_id, email, phone, name, shares_email, packed, *links = row[9:]
    who = (_ROLE[role], external_id, email, phone, name)
    profile = Profile(*who, shares_email=bool(shares_email), **_unpacked(packed))
    return Contact(_head(workspace_id, row[0].hex(), row[1:9]), profile, created_at, Links.unpacked(*links))
