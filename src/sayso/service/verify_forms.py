"""Verification of entries from before the settings log: each fits the type it is about.

Until then only Intercom's surface wrote entries about types, in four forms. Afterwards a person may grant or refuse a
type of either kind, so that later entries are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sayso.domain.act import MIGRATION
from sayso.domain.settings_log import SettingKind
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import ConsentType
from sayso.service.ports import Store, Stored, TypeRow, Unreadable
from sayso.service.verify_settings import entries

_FORMS: dict[str, tuple[str, str]] = {
    ConsentType.OPT_IN: (Choice.GRANTED, Choice.WITHDRAWN),
    ConsentType.OPT_OUT: (Choice.WITHDRAWN, Choice.NONE),
}


class Migrated(NamedTuple):
    """A type that a migration found: when, in ms, and its consent_type, unchecked."""

    at: int
    consent_type: str


async def find_migrated_types(store: Store, workspace_id: str) -> dict[str, Migrated]:
    """The types of a workspace whose first entry in the settings log is a migration's, by id."""
    found: dict[str, int] = {}
    later: set[str] = set()
    for one in await entries(store, workspace_id):
        if one is None or one.entry.kind != SettingKind.TYPE or one.entry.object_id in later:
            continue
        later.add(one.entry.object_id)
        if (one.entry.actor_kind, one.entry.actor_ref) == (MIGRATION.kind, MIGRATION.ref):
            found[one.entry.object_id] = one.entry.at
    rows = await store.subscription_type.rows(workspace_id) if found else []
    kinds = {row.type_id: row.consent_type for row in rows if isinstance(row, TypeRow)}
    return {type_id: Migrated(at, kinds[type_id]) for type_id, at in found.items() if type_id in kinds}


def misfits(chain: Iterable[Stored | Unreadable], types: Mapping[str, Migrated]) -> Iterator[tuple[int | None, str]]:
    """Entries of one contact, by number, that their types cannot have led to."""
    for one in chain:
        if isinstance(one, Unreadable):
            continue
        type_id, state, seq = one.entry.type_id, one.entry.state, one.entry.seq
        known = types.get(type_id) if type_id is not None else None
        if known is None or one.entry.recorded_at >= known.at:
            continue
        forms = _FORMS.get(known.consent_type, (state,))
        if state not in forms:
            could = " or ".join(forms)
            yield seq, f"the entry says {state}, but type {type_id} is {known.consent_type}: it could only say {could}"
