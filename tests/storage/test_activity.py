"""Events of contacts' activities, on every store: in order, bounded, and of one workspace."""

from __future__ import annotations

from functools import partial
from itertools import count
from pathlib import Path

import pytest
from tests import postgres
from tests.cast import AUTHOR, NOON, Clock
from tests.sqlite import new_file
from tests.storage.conftest import ACME, creation
from tests.storage.test_page_costs import Steps, recorded, rows_of

from sayso.domain import contact as contacts
from sayso.domain.act import Act
from sayso.domain.activity import ActivityEvent
from sayso.domain.contact import Contact, ContactDraft, Profile, Role
from sayso.domain.links import LinkRows
from sayso.domain.merge import merge
from sayso.service.activity import DELAY, ActivityService
from sayso.service.ports import Store
from sayso.service.ports_activity import Stretch
from sayso.storage import activity
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.sqlite import SqliteEngine
from sayso.storage.store import SqlStore

END = "f" * 12

_numbers = count(1)


def next_act(at: int = NOON) -> Act:
    """As `Ids.act` makes it: its time, and its number within a millisecond."""
    return Act(f"{at:012x}7{next(_numbers):03x}" + "8" * 16, at, AUTHOR)


async def added(store: Store, external_id: str | None, at: int = NOON) -> Contact:
    change = creation(external_id, at=at)._replace(act=next_act(at))
    await store.contact.commit(change)
    found = await store.contact.find(ACME, change.before.id)
    assert found
    return found


async def test_what_becomes_of_contacts_is_read_in_the_order_of_acts(store: Store, workspace):
    user, lead, other = await added(store, "alice"), await added(store, None), await added(store, None)
    acts = [next_act() for _ in range(4)]
    for before, profile, now in ((lead, Profile(Role.USER, "bob"), acts[0]), (user, Profile(Role.USER, "al"), acts[1])):
        change = contacts.update(before, ContactDraft(profile), {}, now)
        assert change
        await store.contact.commit(change)
    user = user.after(change)
    merged = merge(user, other, (LinkRows(), LinkRows()), {}, [acts[2]])
    await store.contact.commit_all(merged)
    await store.contact.commit(contacts.delete(user.after(merged.survivor), acts[3]))

    (*made, promoted, away, deleted), upto = await store.activity.read(ACME, "", END, 9)

    assert [(user.id, "contact.created"), *((one.id, "contact.lead_created") for one in (lead, other))] == [
        (event.contact_id, event.kind) for event in made
    ]
    assert [
        ActivityEvent(acts[0].id, lead.id, "contact.role_updated", NOON),
        ActivityEvent(acts[2].id, other.id, "contact.merged_away", NOON),
        ActivityEvent(acts[3].id, user.id, "contact.deleted", NOON),
    ] == [promoted, away, deleted]
    assert upto is None
    assert made[1:] == (await store.activity.read(ACME, made[0].act, promoted.act, 9)).events
    assert Stretch(made[:2], None) == await store.activity.read(ACME, "", END, 2)
    assert Stretch([], None) == await store.activity.read("globex", "", END, 9)
    assert Stretch([], None) == await store.activity.read(ACME, "", f"{NOON:012x}", 9)


async def test_a_walk_finds_each_activity_once_however_few_events_are_read_at_once(
    store: Store, workspace, monkeypatch: pytest.MonkeyPatch
):
    expected = []
    for number in range(4):
        made = await added(store, None, NOON + number)
        expected.append(made.id)
        for name in "abcde":
            draft = ContactDraft(made.profile._replace(name=name))
            change = contacts.update(made, draft, {}, next_act(NOON + number))
            assert change
            await store.contact.commit(change)
            made = made.after(change)
    service = ActivityService(store, Clock(NOON + DELAY + 9))

    for at_once in (1, 3, 24, 25):
        monkeypatch.setattr(activity, "EVENTS_AT_ONCE", at_once)
        seen, after = [], ""
        while True:
            page = await service.page(ACME, after, 2)
            seen += [one.contact_id for one in page.activities]
            if page.following is None:
                break
            assert page.following > after
            after = page.following
        assert expected == seen


async def test_a_stretch_that_is_cut_short_says_where_and_never_reaches_beyond_what_is_asked_for(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(activity, "EVENTS_AT_ONCE", 2)
    for number in range(4):
        await added(sqlite, None, NOON + number)
    acts = [event.act for event in (await sqlite.activity.read(ACME, "", END, 2)).events]

    assert acts[1] == (await sqlite.activity.read(ACME, "", END, 3)).upto
    assert (1, None) == _counted(await sqlite.activity.read(ACME, "", acts[1], 9))
    assert (2, None) == _counted(await sqlite.activity.read(ACME, acts[1], END, 2))


def _counted(stretch: Stretch) -> tuple[int, str | None]:
    return len(stretch.events), stretch.upto


#: More than are read at once, and ten times as many.
MANY, TEN_TIMES = 1_000, 10_000

#: One in a hundred is an activity of Acme's; most are choices, half another workspace's.
_EVENTS = """INSERT INTO events (act, workspace_id, contact_id, kind, seq, at)
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {0})
SELECT {1}, CASE number % 2 WHEN 0 THEN 'acme' ELSE 'globex' END, {1},
CASE number % 100 WHEN 50 THEN 'contact.created' ELSE 'consent' END, NULL, number FROM numbers"""


async def test_on_sqlite_a_page_takes_as_many_steps_of_a_few_events_as_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(activity, "EVENTS_AT_ONCE", 800)
    steps, taken = Steps(), {}
    for number in (MANY, TEN_TIMES):
        path = new_file(tmp_path / f"{number}.db")
        store = SqlStore(SqliteEngine(partial(steps.connect, path)))
        with_events = steps.connect(path)
        with_events.execute(_EVENTS.format(number, "CAST(printf('%016d', number) AS BLOB)"))
        with_events.close()
        for limit in (5, 150):
            steps.number = 0
            found = await store.activity.read(ACME, "", END, limit)
            assert min(limit, 8) == len(found.events)
            taken[number, limit] = steps.number
        await store.close()

    for limit in (5, 150):
        assert taken[TEN_TIMES, limit] <= 1.1 * taken[MANY, limit] + 100
    # Nothing is read beyond what fills a page.
    assert taken[MANY, 5] < 0.7 * taken[MANY, 150]


async def test_on_postgresql_a_page_looks_at_no_more_events_than_are_read_at_once(
    cluster: postgres.Cluster, database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(activity, "EVENTS_AT_ONCE", 800)
    await bring_up_to_date(database, NOON)
    store = await postgres.store_on(database)
    try:
        cluster.sql(_EVENTS.format(TEN_TIMES, "decode(lpad(number::text, 16, '0'), 'hex')"), url=database)
        looked_at = {}
        for limit in (5, 150):
            with recorded(store, monkeypatch) as reads:
                await store.activity.read(ACME, "", END, limit)
            looked_at[limit] = sum([await rows_of(*read) for read in reads])
    finally:
        await store.close()

    # The stretch is counted twice in a plan: as it is read, and as it is filtered.
    assert looked_at[5] <= 2 * 500
    assert looked_at[150] <= 3 * 800 + 20
