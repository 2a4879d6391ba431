"""Data events in a store: listed by time, counted by name, told once."""

from __future__ import annotations

import random

import pytest
from tests.cast import NOON, act
from tests.storage.conftest import ACME, created

from sayso.domain import contact, contact_event, merge
from sayso.domain.contact import Change, Contact
from sayso.domain.data_event import COUNT_LIMIT, DataEvent, DataEventRow, Doings, Summary, joined
from sayso.domain.errors import Stale
from sayso.service.ports import Store

START = (0, "")
MANY = 1_000_000


async def did(store: Store, person: Contact, name: str, at: int, number: int) -> Contact:
    event = DataEvent(f"{number:032x}", name, at, {"number": number, "é": {"amount": 1, "currency": "eur"}})
    before = await store.data_event.summary(ACME, person.id, name)
    await store.contact.commit(contact_event.submit(person.head, event, before, act(number, NOON + number)))
    found = await store.contact.find(ACME, person.id)
    assert found
    assert person.head.revision + 1 == found.head.revision
    return found


async def doings(store: Store, person: Contact) -> Doings:
    """All that a contact did, in order of time."""
    events = await store.data_event.page(ACME, person.id, None, START, MANY)
    return Doings(tuple(events[::-1]), tuple(await store.data_event.summaries(ACME, person.id, MANY)))


async def test_an_event_is_kept_as_it_was_told(store: Store, workspace):
    alice = await did(store, await created(store, "alice"), "ordered", 50, 1)

    (kept,) = await store.data_event.page(ACME, alice.id, None, START, 10)
    assert DataEvent(f"{1:032x}", "ordered", 50, {"number": 1, "é": {"amount": 1, "currency": "eur"}}) == kept
    assert await store.data_event.exists(ACME, alice.id, "ordered", 50)
    assert not await store.data_event.exists(ACME, alice.id, "ordered", 51)
    assert not await store.data_event.exists(ACME, alice.id, "Ordered", 50)
    assert not await store.data_event.exists("globex", alice.id, "ordered", 50)
    assert [] == await store.data_event.page("globex", alice.id, None, START, 10)
    assert [] == await store.data_event.summaries("globex", alice.id, MANY)
    assert [] == await store.ledger.unannounced(ACME, "", None)


async def test_events_are_listed_newest_first_between_two_places(store: Store, workspace):
    alice, bob = await created(store, "alice"), await created(store, "bob")
    for number, at in enumerate((50, 70, 60, 60, 60), 1):
        alice = await did(store, alice, f"event {number}", at, number)
    await did(store, bob, "other", 65, 9)

    async def listed(
        before: tuple[int, str] | None = None, since: tuple[int, str] = START, limit: int = 9
    ) -> list[int]:
        return [int(one.id, 16) for one in await store.data_event.page(ACME, alice.id, before, since, limit)]

    assert [2, 5, 4, 3, 1] == await listed()
    assert [2, 5] == await listed(limit=2)
    assert [4, 3] == await listed((60, f"{5:032x}"), limit=2)
    assert [1] == await listed((60, f"{3:032x}"))
    assert [1] == await listed((60, ""))
    assert [2] == await listed(since=(60, "f" * 32))
    assert [2, 5] == await listed(since=(60, f"{4:032x}"))
    assert [4] == await listed((60, f"{5:032x}"), (60, f"{3:032x}"))
    assert [] == await listed((50, ""))


async def test_events_are_counted_by_their_names(store: Store, workspace):
    alice = await created(store, "alice")
    for number, (name, at) in enumerate((("b", 50), ("a", 20), ("b", 10), ("b", 70)), 1):
        alice = await did(store, alice, name, at, number)

    assert [Summary("b", 3, 10, 70), Summary("a", 1, 20, 20)] == await store.data_event.summaries(ACME, alice.id, MANY)
    assert Summary("a", 1, 20, 20) == await store.data_event.summary(ACME, alice.id, "a")
    assert None is await store.data_event.summary(ACME, alice.id, "c")

    await store.contact.commit(contact_event.summarize(alice.head, Summary("b", 100, 5, 80), act(9, NOON + 9)))
    assert Summary("b", 100, 5, 80) == await store.data_event.summary(ACME, alice.id, "b")


async def test_as_many_names_are_listed_and_counted_as_are_asked_for(store: Store, workspace):
    alice, bob = await created(store, "alice"), await created(store, "bob")
    for number, (name, at) in enumerate((("c", 50), ("a", 20), ("b", 20), ("a", 70)), 1):
        alice = await did(store, alice, name, at, number)
    await did(store, bob, "d", 10, 9)

    listed = await store.data_event.summaries(ACME, alice.id, 2)
    assert [Summary("a", 2, 20, 70), Summary("b", 1, 20, 20)] == listed
    assert [0, 2, 3, 3] == [await store.data_event.count_names(ACME, alice.id, limit) for limit in (0, 2, 3, 4)]
    assert 0 == await store.data_event.count_names("globex", alice.id, 4)


async def test_an_event_of_a_stale_change_is_neither_kept_nor_counted(store: Store, workspace):
    alice = await created(store, "alice")
    await did(store, alice, "ordered", 50, 1)

    with pytest.raises(Stale):
        await did(store, alice, "ordered", 60, 2)

    assert [Summary("ordered", 1, 50, 50)] == await store.data_event.summaries(ACME, alice.id, MANY)


async def test_events_follow_their_contact_into_another_and_go_with_it(store: Store, workspace):
    user = await did(store, await created(store, "alice"), "ordered", 50, 1)
    lead = await created(store)
    for number, (name, at) in enumerate((("ordered", 50), ("ordered", 40), ("visited", 60)), 11):
        lead = await did(store, lead, name, at, number)
    rows = (await store.links.of(ACME, user.id), await store.links.of(ACME, lead.id))
    both = merge.merge(user, lead, rows, {}, [act(20, NOON + 20)])
    await store.contact.commit_all(both)

    after = await doings(store, user)
    assert [("ordered", 40), ("ordered", 50), ("visited", 60)] == [(event.name, event.at) for event in after.events]
    assert (Summary("ordered", 2, 40, 50), Summary("visited", 1, 60, 60)) == after.summaries
    assert Doings() == await doings(store, lead)

    survivor = await store.contact.find(ACME, user.id)
    assert survivor
    await store.contact.commit(contact.delete(survivor, act(21, NOON + 21)))
    assert Doings() == await doings(store, user)


def told(chance: random.Random, first_id: int) -> list[DataEventRow]:
    """Events of few names at few seconds, and summaries that were stated, or else counted."""
    did = {(chance.choice("abc"), chance.randrange(40)) for _ in range(chance.randrange(30))}
    events = [DataEvent(f"{first_id + at:032x}", *one, {"from": first_id}) for at, one in enumerate(sorted(did))]
    names = {event.name for event in events} | set(chance.sample("abcd", 1))
    return [
        *events,
        *(summary_of(chance, name, [event.at for event in events if event.name == name]) for name in names),
    ]


def summary_of(chance: random.Random, name: str, times: list[int]) -> Summary:
    counted = len(times) or 1
    total = chance.choice([counted, counted, 0, 1_000, COUNT_LIMIT - 1])
    return Summary(name, total, min(times, default=7), max(times, default=9))


@pytest.mark.parametrize("seed", range(8))
async def test_a_merge_gives_the_survivor_what_the_rule_says_of_both_histories(store: Store, workspace, seed: int):
    chance = random.Random(seed)
    histories = [told(chance, 1_000), told(chance, 2_000)]
    people = [await created(store, "alice"), await created(store)]
    for number, (person, rows) in enumerate(zip(people, histories, strict=True)):
        done = act(number, NOON)
        after = person.head.after(done, person.head.chain, person.head.standing)
        await store.contact.commit(Change(done, "data_event.submitted", person.head, after, told=tuple(rows)))
    user, lead = [await store.contact.find(ACME, person.id) for person in people]
    assert user
    assert lead
    own, theirs = await doings(store, user), await doings(store, lead)
    expected = [*own.events]
    sums = {summary.name: summary for summary in own.summaries}
    for row in joined(own, theirs):
        if isinstance(row, Summary):
            sums[row.name] = row
        else:
            expected.append(row)

    rows = (await store.links.of(ACME, user.id), await store.links.of(ACME, lead.id))
    await store.contact.commit_all(merge.merge(user, lead, rows, {}, [act(20, NOON + 20)]))

    after = await doings(store, user)
    assert sorted(expected, key=lambda event: (event.at, event.id)) == list(after.events)
    assert sums == {summary.name: summary for summary in after.summaries}
    assert Doings() == await doings(store, lead)
