"""The first rows of the settings log, for what is there when a database gets it: one for each object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby

from sayso.domain import settings_log as rules
from sayso.domain.act import MIGRATION
from sayso.domain.settings_log import Setting, SettingKind, SettingsHead
from sayso.domain.subscription_type import TRANSLATION_LIMIT, Translation
from sayso.service.ids import RandomIds
from sayso.storage.backfill import Batch, read_rows
from sayso.storage.engine import Row
from sayso.storage.settings_log import APPEND, HEAD, packed

_NEXT_WORKSPACE = "SELECT workspace_id FROM workspaces WHERE workspace_id > $1 ORDER BY workspace_id LIMIT 1"

_ADMINS = """SELECT admin_id FROM admins
WHERE workspace_id = $1 AND admin_id > $2 ORDER BY admin_id LIMIT $3 OFFSET $4"""

_TOKENS = """SELECT token_id, digest, scopes, revoked_at FROM tokens
WHERE workspace_id = $1 AND token_id > $2 ORDER BY token_id LIMIT $3 OFFSET $4"""

_TYPES = """SELECT type_id, revision, state, consent_type, channels, default_locale, wording FROM subscription_types
WHERE workspace_id = $1 AND type_id > $2 ORDER BY type_id LIMIT $3 OFFSET $4"""

# One statement, since each sees the database at another moment: an older server may translate a type in between.
_TRANSLATED = """SELECT t.type_id, t.revision, t.state, t.consent_type, t.channels, t.default_locale, t.wording,
w.name, w.description, w.locale FROM subscription_types t
LEFT JOIN translations w ON w.workspace_id = t.workspace_id AND w.type_id = t.type_id
WHERE t.workspace_id = $1 AND t.type_id >= $2 AND t.type_id <= $3 ORDER BY t.type_id, w.place"""

_LAST_RECORDED = "SELECT max(recorded_at) FROM ledger WHERE workspace_id = $1"

#: In the order in which a workspace's objects are logged.
_TABLES = (_ADMINS, _TOKENS, _TYPES)


async def fill(batch: Batch) -> str | None:
    """Log the next objects of one table of one workspace. An object that cannot be read is left out, and no other:
    `verify` names it, and a server starts all the same."""
    # `skip` counts the rows after `after` that were dealt with: the key of an unreadable row is not known.
    workspace_id, table, after, skip = json.loads(batch.place) if batch.place else ("", len(_TABLES), "", 0)
    if table == len(_TABLES):
        found = await batch.read(_NEXT_WORKSPACE, workspace_id)
        return json.dumps([found[0][0], 0, "", 0]) if found else None
    sql = _TABLES[table]
    limit = max(1, batch.limit // TRANSLATION_LIMIT) if sql is _TYPES else batch.limit
    rows = await read_rows(batch, sql, (workspace_id, after), limit, skip)
    settings = await _readable_settings(batch, workspace_id, sql, [row for row in rows if row])
    await _log(batch, workspace_id, settings, await _time(batch, workspace_id, sql))
    if len(rows) < limit:
        return json.dumps([workspace_id, table + 1, "", 0])
    for row in rows:
        after, skip = (row[0], 0) if row else (after, skip + 1)
    return json.dumps([workspace_id, table, after, skip])


async def _readable_settings(batch: Batch, workspace_id: str, sql: str, rows: Sequence[Row]) -> list[Setting]:
    try:
        return await _settings(batch, workspace_id, sql, rows)
    except UnicodeDecodeError:
        settings = []
        for row in rows:
            with suppress(UnicodeDecodeError):
                settings += await _settings(batch, workspace_id, sql, [row])
        return settings


async def _settings(batch: Batch, workspace_id: str, sql: str, rows: Sequence[Row]) -> list[Setting]:
    if not rows:
        return []
    if sql is _ADMINS:
        return [Setting(SettingKind.ADMIN, admin_id, 1, rules.admin_sha256(admin_id)) for (admin_id,) in rows]
    if sql is _TOKENS:
        return [_token(*row) for row in rows if isinstance(row[1], bytes)]
    found = await batch.read(_TRANSLATED, workspace_id, rows[0][0], rows[-1][0])
    return [_type(row, texts) for row, texts in groupby(found, lambda one: one[:7])]


def _token(token_id: str, digest: bytes, scopes: str, revoked_at: int | None) -> Setting:
    sha256 = rules.token_sha256(token_id, digest, scopes.split(), revoked_at)
    return Setting(SettingKind.TOKEN, token_id, rules.token_revision(revoked_at), sha256)


def _type(row: Row, rows: Iterable[Row]) -> Setting:
    """`rows` are the type's, each with another translation, or one without any."""
    type_id, revision, state, consent_type, channels, default_locale, wording = row
    texts = [Translation(*one[7:]) for one in rows if one[7] is not None]
    sha256 = rules.type_sha256(type_id, state, consent_type, channels.split(), default_locale, wording, texts)
    return Setting(SettingKind.TYPE, type_id, revision, sha256)


async def _time(batch: Batch, workspace_id: str, sql: str) -> int:
    """The time to log. For types it is later than every entry: `verify` compares earlier entries with their types, and
    the record of migrations must not keep it from that."""
    if sql is not _TYPES:
        return batch.now
    ((last,),) = await batch.read(_LAST_RECORDED, workspace_id)
    return max(batch.now, last + 1) if isinstance(last, int) else batch.now


async def _log(batch: Batch, workspace_id: str, settings: Sequence[Setting], at: int) -> None:
    ids, rows = RandomIds(), []
    found = await batch.read(HEAD, workspace_id)
    head = SettingsHead(*found[0]) if found else SettingsHead()
    for setting in settings:
        entry = head.follow(workspace_id, setting, ids.act(at), at, MIGRATION)
        rows.append(packed(entry))
        head = SettingsHead.of(entry)
    await batch.write(APPEND, rows)
