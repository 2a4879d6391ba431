"""Verification of the counts of contacts: for each state and role they add up to the number of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sayso.domain.contact import ContactState, Role
from sayso.service.ports import Store, Unreadable
from sayso.service.ports_counts import CountRow, Counts

#: How many contacts are counted at once.
BATCH = 10_000

#: How often contacts that keep changing are counted again before a difference is reported.
TRIES = 20

#: Counts are kept in so many parts.
PARTS = 16

_STATES = frozenset(state.value for state in ContactState)
_ROLES = frozenset(role.value for role in Role)


async def of_counts(store: Store, workspace_id: str) -> list[str]:
    """A sentence for each count that is wrong.

    Contacts are counted in ranges, beside whoever writes, so the kept counts are read before and after. A difference
    that lies between the two is put down to the writes, and only found by a run without any. The same difference twice
    in a row, or one after each of many tries, is reported.
    """
    rows = await store.contact_count.kept(workspace_id)
    seen = None
    for _ in range(TRIES):
        counted = await _counted(store, workspace_id)
        before, rows = rows, await store.contact_count.kept(workspace_id)
        wrong = [*_broken(rows), *differences(_kept(before), counted, _kept(rows))]
        if not wrong or wrong == seen:
            break
        seen = wrong
    return wrong


def differences(before: Counts, counted: Counts, after: Counts) -> Iterator[str]:
    """What the rows add up to, where the kept counts have neither that nor passed it meanwhile."""
    for state, role in sorted(before.keys() | counted.keys() | after.keys(), key=str):
        number, kept = counted.get((state, role), 0), after.get((state, role), 0)
        least, most = sorted((before.get((state, role), 0), kept))
        if not least <= number <= most:
            where = f"state {_known(state, _STATES)} and role {_known(role, _ROLES)}"
            yield f"the count of contacts in {where} is {kept}, but there are {number}"


def _known(word: str, words: frozenset[str]) -> str:
    """A word as it may be shown. What somebody else wrote may hold anything."""
    return word if word in words else "(unknown)"


async def _counted(store: Store, workspace_id: str) -> Counts:
    found: Counter[tuple[str, str]] = Counter()
    upto: str | None = ""
    while upto is not None:
        counts, upto = await store.contact_count.counted(workspace_id, upto, BATCH)
        found.update(counts)
    return found


def _kept(rows: Sequence[CountRow | Unreadable]) -> Counts:
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row, CountRow) and isinstance(row.contacts, int):
            found[row.state, row.role] += row.contacts
    return found


def _broken(rows: Sequence[CountRow | Unreadable]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, Unreadable):
            yield row.why
        elif not _is_whole(row):
            yield "a contact count has an invalid part, state, role or number"


def _is_whole(row: CountRow) -> bool:
    return (
        isinstance(row.part, int)
        and 0 <= row.part < PARTS
        and row.state in _STATES
        and row.role in _ROLES
        and isinstance(row.contacts, int)
    )
