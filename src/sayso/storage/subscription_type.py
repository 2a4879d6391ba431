"""Subscription types, their translations and notices, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.settings_log import SettingsEntry
from sayso.domain.subscription_type import (
    Channel,
    ConsentType,
    Notice,
    SubscriptionType,
    Translation,
    TypeChange,
    TypeId,
    TypeState,
)
from sayso.service.ports import TypeRow, Unreadable
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.idempotency import keeping
from sayso.storage.settings_log import append_statement
from sayso.storage.workspace import RAISE_VERSION

_TYPES = """SELECT type_id, state, consent_type, channels, default_locale, wording, revision, created_at, updated_at
FROM subscription_types WHERE workspace_id = $1"""

_TRANSLATIONS = """SELECT type_id, name, description, locale FROM translations WHERE workspace_id = $1
ORDER BY type_id, place"""

# As of one moment: between two statements somebody makes a type of which one has seen nothing.
_KEPT = """kept.type_id, kept.state, kept.consent_type, kept.channels, kept.default_locale, kept.wording,
kept.revision, kept.created_at, kept.updated_at, texts.name, texts.description, texts.locale
FROM subscription_types AS kept LEFT JOIN translations AS texts
ON texts.workspace_id = kept.workspace_id AND texts.type_id = kept.type_id"""

_WORDED = f"SELECT {_KEPT} WHERE kept.workspace_id = $1 ORDER BY kept.type_id, texts.place"

_CHANGED = f"""SELECT {_KEPT} WHERE kept.workspace_id || '' = $1 AND kept.changed_version > $2
ORDER BY kept.type_id, texts.place"""

_NOTICES = """SELECT type_id, version, name, description, locale FROM notices WHERE workspace_id = $1
ORDER BY type_id, version, locale"""

_INSERT = """INSERT INTO subscription_types (workspace_id, type_id, state, consent_type, channels, default_locale,
wording, revision, created_at, updated_at, changed_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, version FROM workspaces WHERE workspace_id = $1
ON CONFLICT (workspace_id, type_id) DO NOTHING"""

_SWAP = """UPDATE subscription_types SET state = $1, consent_type = $2, channels = $3, default_locale = $4,
wording = $5, revision = $6, updated_at = $7,
changed_version = (SELECT version FROM workspaces WHERE workspace_id = $8)
WHERE workspace_id = $8 AND type_id = $9 AND revision = $10"""

_CLEAR = "DELETE FROM translations WHERE workspace_id = $1 AND type_id = $2"

_TRANSLATE = """INSERT INTO translations (workspace_id, type_id, place, locale, name, description)
VALUES ($1, $2, $3, $4, $5, $6)"""

_NOTE = """INSERT INTO notices (workspace_id, type_id, version, locale, name, description)
VALUES ($1, $2, $3, $4, $5, $6)"""


_NO_TEXT = "a text of it is not UTF-8"


class SqlSubscriptionTypeStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        return _types(workspace_id, await self._engine.read(_WORDED, workspace_id))

    async def changed(self, workspace_id: str, since: int) -> list[SubscriptionType]:
        return _types(workspace_id, await self._engine.read(_CHANGED, workspace_id, since))

    async def notices(self, workspace_id: str) -> list[Notice]:
        rows = await self._engine.read(_NOTICES, workspace_id)
        return [Notice(type_id, version, Translation(*wording)) for type_id, version, *wording in rows]

    async def rows(self, workspace_id: str) -> list[TypeRow | Unreadable]:
        types = await self._engine.salvage(_TYPES, workspace_id)
        translations = await self._engine.salvage(_TRANSLATIONS, workspace_id)
        wordings: dict[str, list[Translation]] = {str(row[0]): [] for row in types if row}
        for type_id, *wording in filter(None, translations):
            wordings.setdefault(str(type_id), []).append(Translation(*wording))
        facts = {str(row[0]): row[1:] for row in types if row}
        lost = [Unreadable("", None, f"a type: {_NO_TEXT}") for row in (*types, *translations) if row is None]
        return [*lost, *(_row(type_id, facts.get(type_id), texts) for type_id, texts in wordings.items())]

    async def commit(self, change: TypeChange, logged: SettingsEntry, record: IdempotencyRecord | None = None) -> None:
        await self._engine.commit(
            [*_statements(change), append_statement(logged), *(keeping(record) if record else ())]
        )


def _types(workspace_id: str, rows: list[Row]) -> list[SubscriptionType]:
    """Types in order of creation, from a row for each of their translations."""
    wordings: dict[str, list[Translation]] = {}
    kept = {}
    for type_id, *facts, name, description, locale in rows:
        kept[type_id] = (type_id, *facts)
        wordings.setdefault(type_id, []).append(Translation(name, description, locale))
    return [
        SubscriptionType(
            workspace_id,
            TypeId(type_id),
            TypeState(state),
            ConsentType(consent_type),
            tuple(Channel(channel) for channel in channels.split()),
            locale,
            tuple(wordings.get(type_id, ())),
            *counts,
        )
        for type_id, state, consent_type, channels, locale, *counts in sorted(
            kept.values(), key=lambda row: int(row[0])
        )
    ]


def _row(type_id: str, facts: Row | None, translations: list[Translation]) -> TypeRow:
    if facts is None:
        return TypeRow(type_id, tuple(translations))
    state, consent_type, channels, default_locale, wording, revision, *_ = facts
    kinds = (state, consent_type, tuple(str(channels).split()))
    return TypeRow(type_id, tuple(translations), wording, default_locale, *kinds, revision)


def _statements(change: TypeChange) -> Iterator[Statement]:
    before, after = change.before, change.after
    key = (after.workspace_id, after.id)
    channels = " ".join(after.channels)
    yield Statement(RAISE_VERSION, (after.workspace_id,), True)
    if before is None:
        times = (after.revision, after.created_at, after.updated_at)
        wording = (after.default_locale, after.wording)
        yield Statement(_INSERT, (*key, after.state, after.consent_type, channels, *wording, *times), True)
    else:
        facts = (after.state, after.consent_type, channels, after.default_locale, after.wording)
        yield Statement(_SWAP, (*facts, after.revision, after.updated_at, *key, before.revision), True)
        yield Statement(_CLEAR, key)
    for place, text in enumerate(after.translations):
        yield Statement(_TRANSLATE, (*key, place, text.locale, text.name, text.description))
    for notice in change.notices:
        text = notice.translation
        yield Statement(_NOTE, (*key, notice.version, text.locale, text.name, text.description))
