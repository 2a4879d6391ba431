"""Verification of the settings log: its chain is whole, and what it says last of each type, token and admin is what
their rows say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sayso.domain.settings_log import SettingKind, admin_sha256, token_revision, token_sha256, type_sha256
from sayso.service.ports import Store, TypeRow, Unreadable
from sayso.service.ports_settings import StoredSetting, TokenRow
from sayso.service.verify_hash import try_hash

#: How many entries are read at once.
BATCH = 1_000

#: How often settings that keep changing are read again before they are reported.
TRIES = 100

#: An object, as entries name it: kind and id.
Object = tuple[str, str]

#: What a row says now: revision and SHA-256 of the canonical form, None where it has none.
State = tuple[object, bytes | None]

_NAMES: dict[str, str] = {
    SettingKind.TYPE: "type",
    SettingKind.TOKEN: "token",
    SettingKind.ADMIN: "admin",
    SettingKind.POLICY: "policy",
}


async def of_settings(store: Store, workspace_id: str) -> list[str]:
    """What is wrong with a workspace's settings log and what it binds, beside whoever changes them."""
    for _ in range(TRIES):
        head = await store.settings_log.head(workspace_id)
        chain = await entries(store, workspace_id)
        states, lost = await _states(store, workspace_id)
        if head == await store.settings_log.head(workspace_id):
            break
    return [*lost, *chain_faults(chain), *_differences(chain, states)]


async def entries(store: Store, workspace_id: str) -> list[StoredSetting | None]:
    """The whole chain, in pages; None for an entry that cannot be read."""
    found: list[StoredSetting | None] = []
    after = 0
    while page := await store.settings_log.rows(workspace_id, after, BATCH):
        found += page
        read = [one.entry.seq for one in page if one is not None]
        if len(page) < BATCH or not read:
            break
        after = max(read)
    return found


def chain_faults(chain: Sequence[StoredSetting | None]) -> Iterator[str]:
    """Numbers that are missing, and entries that were altered."""
    before: StoredSetting | None = None
    expected = 1
    for one in chain:
        if one is None:
            yield "an entry of settings_log cannot be read"
            before = None
            continue
        seq = one.entry.seq
        if seq > expected:
            missing = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
            yield f"settings_log {missing} missing"
            before = None
        if try_hash(one.entry.hash) != one.hash or (seq == 1 and one.entry.prev is not None):
            yield f"settings_log entry {seq}, or its hash, was altered"
        elif before is not None and one.entry.prev != before.hash:
            yield f"settings_log entry {seq} does not follow the entry before it"
        before, expected = one, seq + 1


def _differences(chain: Sequence[StoredSetting | None], states: Mapping[Object, State]) -> Iterator[str]:
    logged: dict[Object, State] = {}
    for one in chain:
        if one is not None:
            logged[one.entry.kind, one.entry.object_id] = one.entry.revision, one.entry.sha256
    for known in sorted(logged.keys() | states.keys(), key=str):
        name = f"{_NAMES.get(known[0], known[0])} {known[1]}"
        if known not in states:
            yield f"{name} does not exist, and settings_log names it"
        elif known not in logged:
            yield f"{name} is not in settings_log"
        elif states[known] != logged[known]:
            yield f"{name} differs from its last entry in settings_log"


async def _states(store: Store, workspace_id: str) -> tuple[dict[Object, State], list[str]]:
    """What rows say now, and what is to be told of rows that cannot be read. Types that cannot be read are told where
    types are verified."""
    states: dict[Object, State] = {}
    lost = []
    for token in await store.token.rows(workspace_id):
        if token is None:
            lost.append("a token: a text of it is not UTF-8")
        else:
            states[SettingKind.TOKEN, str(token.token_id)] = _token(token)
    for admin_id in await store.admin.ids(workspace_id):
        if admin_id is None:
            lost.append("an admin: its id is not UTF-8")
        else:
            states[SettingKind.ADMIN, admin_id] = 1, admin_sha256(admin_id)
    for row in await store.subscription_type.rows(workspace_id):
        if not isinstance(row, Unreadable) and row.wording is not None:
            states[SettingKind.TYPE, row.type_id] = _type(row)
    return states, lost


def _token(row: TokenRow) -> State:
    return token_revision(row.revoked_at), try_hash(
        lambda: token_sha256(row.token_id, row.digest, row.scopes, row.revoked_at)
    )


def _type(row: TypeRow) -> State:
    return row.revision, try_hash(
        lambda: type_sha256(
            row.type_id,
            row.state,
            row.consent_type,
            row.channels,
            row.default_locale,
            row.wording or 0,
            row.translations,
        )
    )
