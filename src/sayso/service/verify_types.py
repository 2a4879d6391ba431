"""Verification of subscription types: each has its translations, and they are the wording kept under its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sayso.domain.subscription_type import Channel, ConsentType, Notice, Translation, TypeState
from sayso.service.ports import Store, TypeRow, Unreadable

#: How often types that keep changing are read again before they are reported.
TRIES = 100

#: Translations kept as a type's notices, by number.
Kept = Mapping[int, set[Translation]]


async def of_types(store: Store, workspace_id: str) -> list[str]:
    """What is wrong with a workspace's types, beside whoever changes them."""
    for _ in range(TRIES):
        version = await store.workspace.version(workspace_id)
        rows = await store.subscription_type.rows(workspace_id)
        try:
            notices = await store.subscription_type.notices(workspace_id)
        except UnicodeDecodeError:
            # Told where the entries' wordings are looked up.
            return []
        if version == await store.workspace.version(workspace_id):
            break
    return list(_faults(rows, notices))


def _faults(rows: Sequence[TypeRow | Unreadable], notices: Sequence[Notice]) -> Iterator[str]:
    kept: dict[str, dict[int, set[Translation]]] = {}
    for notice in notices:
        kept.setdefault(notice.type_id, {}).setdefault(notice.version, set()).add(notice.translation)
    types = {row.type_id: row for row in rows if isinstance(row, TypeRow)}
    yield from (row.why for row in rows if isinstance(row, Unreadable))
    for type_id in sorted({*types, *kept}, key=str):
        row = types.get(type_id)
        if row is None or row.wording is None:
            yield f"wordings are kept of type {type_id}, which does not exist"
        else:
            yield from type_faults(row, kept.get(type_id, {}))


def type_faults(row: TypeRow, kept: Kept) -> Iterator[str]:
    """What is wrong with one type; `kept` are the wordings it ever had."""
    name, wording = f"type {row.type_id}", row.wording
    if not _is_whole(row):
        yield f"{name} has an invalid id, state, consent_type or channel"
    if row.default_locale not in {text.locale for text in row.translations}:
        yield f"{name} has no translation in its default locale"
    if wording is None or wording not in kept:
        yield f"{name} refers to wording {wording}, which is not stored"
    elif kept[wording] != set(row.translations):
        yield f"the translations of {name} are not the wording kept under its number"
    yield from _gaps(name, wording, kept)


def _gaps(name: str, wording: object, kept: Kept) -> Iterator[str]:
    numbers = sorted(number for number in kept if isinstance(number, int))
    if len(numbers) < len(kept):
        yield f"a wording of {name} is kept under no number"
    for before, number in zip((0, *numbers), numbers, strict=False):
        if number != before + 1:
            yield f"{name} is missing a wording between {before} and {number}"
    if isinstance(wording, int) and numbers and numbers[-1] > wording:
        yield f"of {name} wording {numbers[-1]} is kept, and its number is {wording}"


def _is_whole(row: TypeRow) -> bool:
    return (
        row.type_id.isascii()
        and row.type_id.isdigit()
        and row.state in tuple(TypeState)
        and row.consent_type in tuple(ConsentType)
        and bool(row.channels)
        and all(channel in tuple(Channel) for channel in row.channels)
    )
