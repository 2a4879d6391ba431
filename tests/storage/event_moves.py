"""Two contacts with more data events than one transaction moves, and what a merge of them must come to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import NamedTuple

from tests.cast import NOON, act
from tests.storage.conftest import ACME, created

from sayso.domain import merge
from sayso.domain.contact import Change, Contact
from sayso.domain.data_event import COUNT_LIMIT, DataEvent, DataEventRow, Doings, Summary, joined
from sayso.service.ports import Store

#: So small a portion, and so many events that they take several.
PORTION, MANY = 30, 100


class Pair(NamedTuple):
    user: Contact
    lead: Contact


async def doings(store: Store, contact_id: str) -> Doings:
    """All that a contact did, in order of time, and its summaries in order of their names."""
    events = await store.data_event.page(ACME, contact_id, None, (0, ""), 1_000_000)
    return Doings(tuple(events[::-1]), tuple(sorted(await store.data_event.summaries(ACME, contact_id, 1_000_000))))


def union(own: Doings, theirs: Doings) -> Doings:
    """What `doings` gives of a survivor, as the rule has it."""
    events, sums = list(own.events), {summary.name: summary for summary in own.summaries}
    for row in joined(own, theirs):
        if isinstance(row, Summary):
            sums[row.name] = row
        else:
            events.append(row)
    return Doings(tuple(sorted(events, key=lambda event: (event.at, event.id))), tuple(sorted(sums.values())))


async def pair(store: Store, chance: random.Random, much: int = MANY, *, is_counted: bool = False) -> Pair:
    """A user and a lead with so many data events each, of which they share some, under so many names. `is_counted`:
    nobody has stated other numbers than those of the events."""
    made = []
    for number, name in enumerate(("alice", None), 1):
        person = await created(store, name)
        await tell(store, person, history(chance, number * 10**9, much, is_counted=is_counted), number)
        found = await store.contact.find(ACME, person.id)
        assert found
        made.append(found)
    return Pair(*made)


def history(chance: random.Random, first_id: int, much: int, *, is_counted: bool) -> list[DataEventRow]:
    did = sorted({(chance.randrange(10 * much), f"event {chance.randrange(3)}") for _ in range(much)})
    # A part that both have, whatever their chance was.
    did = sorted({*did, *((20 * at, "event 1") for at in range(much // 10))})
    events = [DataEvent(f"{first_id + at:032x}", name, time, {"of": first_id}) for at, (time, name) in enumerate(did)]
    times: dict[str, list[int]] = {}
    for event in events:
        times.setdefault(event.name, []).append(event.at)
    summaries = [
        Summary(name, len(ats) if is_counted else chance.choice([len(ats), 0, COUNT_LIMIT - 1]), min(ats), max(ats))
        for name, ats in times.items()
    ]
    # Told without any event, and as many as need portions of their own.
    stated = [Summary(f"stated {at}", at, at, at + chance.randrange(9)) for at in range(much // 2)]
    return [*events, *summaries, *chance.sample(stated, 3 * len(stated) // 4)]


async def tell(store: Store, person: Contact, rows: Iterable[DataEventRow], number: int) -> None:
    done = act(number, NOON)
    after = person.head.after(done, person.head.chain, person.head.standing)
    await store.contact.commit(Change(done, "data_event.submitted", person.head, after, told=tuple(rows)))


async def begin_merge(store: Store, both: Pair) -> None:
    """A merge's own transaction, and none of the portions that follow it."""
    user, lead = both
    rows = (await store.links.of(ACME, user.id), await store.links.of(ACME, lead.id))
    await store.contact.commit_all(merge.merge(user, lead, rows, {}, [act(20, NOON + 20)]))


async def move_on(store: Store, contact_id: str, portions: int | None = None) -> int:
    """Do portions, all that are left unless told how many; how many were done."""
    done = 0
    while done != portions and (move := await store.data_event.move(ACME, contact_id)):
        await store.data_event.move_portion(move)
        done += 1
    return done
