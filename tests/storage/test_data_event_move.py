"""What a contact that is gone left of data events is moved or erased in portions: whoever comes in between, and whatever
is killed, all of it arrives exactly once, and nothing stays behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from tests import postgres
from tests.cast import AUTHOR, NOON, Clock, act
from tests.conftest import KINDS
from tests.sqlite import new_file
from tests.storage.conftest import ACME, entry_of
from tests.storage.event_moves import MANY, PORTION, begin_merge, doings, move_on, pair, union

from sayso.domain import contact as contacts
from sayso.domain import contact_event
from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.contact import Change
from sayso.domain.data_event import DataEvent, Doings, Summary
from sayso.domain.errors import Conflict, Stale
from sayso.domain.settings_log import SettingsHead, of_admin
from sayso.service.data_event import Named
from sayso.service.data_event_move import DataEventMoveService
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.storage import copy as copying
from sayso.storage import data_event, sqlite
from sayso.storage import store as stores
from sayso.storage.engine import Statement
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.sqlite import SqliteEngine
from sayso.storage.store import SqlStore
from sayso.storage.url import DatabaseUrl

on_databases = pytest.mark.parametrize("store", [kind for kind in KINDS if kind != "memory"], indirect=True)


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_event, "PORTION", PORTION)


async def reopened(store: Store, request: pytest.FixtureRequest, folder: Path) -> SqlStore:
    """Another store on the same database, as another process has it."""
    assert isinstance(store, SqlStore)
    if isinstance(store.engine, SqliteEngine):
        return stores.sqlite(folder / "sayso.db")
    return await postgres.store_on(request.getfixturevalue("shared_database"))


@pytest.fixture
async def other(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await reopened(store, request, tmp_path)
    yield opened
    await opened.close()


@pytest.mark.parametrize("seed", range(3))
async def test_a_move_in_portions_comes_to_what_the_rule_says_of_both_histories(store: Store, workspace, seed: int):
    both = await pair(store, random.Random(seed))
    wanted = union(await doings(store, both.user.id), await doings(store, both.lead.id))

    await begin_merge(store, both)
    is_moving = isinstance(store, SqlStore)
    assert ([both.lead.id] if is_moving else []) == await store.data_event.moves(ACME)
    assert ([both.lead.id] if is_moving else []) == await store.data_event.moves_into(ACME, both.user.id)
    assert [] == await store.data_event.moves("globex")
    portions = await move_on(store, both.lead.id)

    assert wanted == await doings(store, both.user.id)
    assert Doings() == await doings(store, both.lead.id)
    assert [] == await store.data_event.moves(ACME)
    assert (portions > MANY // PORTION) == is_moving


async def test_few_events_are_moved_or_erased_by_the_change_itself(store: Store, workspace):
    both = await pair(store, random.Random(7), PORTION // 2)
    await begin_merge(store, both)
    assert None is await store.data_event.move(ACME, both.lead.id)

    user = await store.contact.find(ACME, both.user.id)
    assert user
    # With the lead's they are more than a portion.
    await store.contact.commit(contacts.delete(user, act(30, NOON + 30)))
    await move_on(store, user.id)

    assert Doings() == await doings(store, user.id)
    assert [] == await store.data_event.moves(ACME)


@on_databases
@pytest.mark.parametrize("portions", [0, 1, 3])
async def test_a_process_that_starts_finishes_what_another_one_left(
    store: SqlStore, workspace, request: pytest.FixtureRequest, tmp_path: Path, portions: int
):
    both = await pair(store, random.Random(portions))
    wanted = union(await doings(store, both.user.id), await doings(store, both.lead.id))
    await begin_merge(store, both)
    await move_on(store, both.lead.id, portions)
    assert await store.data_event.moves(ACME)
    await store.close()
    started = [await reopened(store, request, tmp_path) for _ in range(2)]

    await asyncio.gather(*(DataEventMoveService(one).take_up() for one in started))

    assert wanted == await doings(started[0], both.user.id)
    assert Doings() == await doings(started[0], both.lead.id)
    assert [] == await started[0].data_event.moves(ACME)
    for one in started:
        await one.close()


@on_databases
@pytest.mark.parametrize("seed", range(2))
async def test_two_processes_that_move_beside_writers_lose_no_event_and_count_each_once(
    store: SqlStore, other: SqlStore, workspace, seed: int
):
    chance = random.Random(seed)
    both = await pair(store, chance, is_counted=True)
    own, theirs = await doings(store, both.user.id), await doings(store, both.lead.id)
    submitting = [Region.on("us", one, Clock(), RandomIds()) for one in (store, other)]
    # Some that the user has, some that are still the lead's, and some that nobody has.
    told = [(event.name, event.at) for event in chance.sample(own.events, 5) + chance.sample(theirs.events, 20)]
    told += [("event 2", 10**6 + at) for at in range(20)]
    chance.shuffle(told)
    await begin_merge(store, both)

    async def submit(region: Region, name: str, at: int) -> None:
        await region.data_events.submit(AUTHOR, ACME, Named(both.user.id), name, at, {})

    moving = [DataEventMoveService(one).finish(ACME, both.lead.id) for one in (store, other)]
    await asyncio.gather(*moving, *(submit(region, *one) for one in told for region in submitting))

    known = {(event.name, event.at) for event in (*own.events, *theirs.events)}
    new = [at for name, at in set(told) - known]
    after = await doings(store, both.user.id)
    assert sorted(known | set(told)) == sorted((event.name, event.at) for event in after.events)
    wanted = {summary.name: summary for summary in union(own, theirs).summaries}
    former = wanted["event 2"]
    wanted["event 2"] = Summary("event 2", former.total + len(new), former.first, max(new))
    assert sorted(wanted.values()) == sorted(after.summaries)
    assert [] == await store.data_event.moves(ACME)


@on_databases
async def test_a_change_that_counts_on_what_a_portion_has_changed_is_stale(store: SqlStore, workspace):
    both = await pair(store, random.Random(6))
    own, theirs = await doings(store, both.user.id), await doings(store, both.lead.id)
    known = {(event.name, event.at) for event in own.events}
    (gained, *_) = [event for event in theirs.events[PORTION:] if (event.name, event.at) not in known]
    await begin_merge(store, both)

    async def submission(number: int, event: DataEvent) -> Change:
        head = await store.contact.head(ACME, both.user.id)
        assert head
        return contact_event.submit(
            head, event, await store.data_event.summary(ACME, both.user.id, event.name), act(number)
        )

    # The same event is told, and arrives from the lead meanwhile.
    same = await submission(40, replace(gained, id=f"{40:032x}"))
    while not await store.data_event.exists(ACME, both.user.id, gained.name, gained.at):
        assert await move_on(store, both.lead.id, 1)
    with pytest.raises(Stale):
        await store.contact.commit(same)

    # Another one is told, and the lead's are added to its number meanwhile.
    counted = await submission(41, replace(gained, id=f"{41:032x}", at=10**6))
    await move_on(store, both.lead.id)
    with pytest.raises(Stale):
        await store.contact.commit(counted)
    assert union(own, theirs) == await doings(store, both.user.id)


@on_databases
async def test_a_portion_of_a_move_that_somebody_else_has_finished_is_stale(store: SqlStore, workspace):
    both = await pair(store, random.Random(8))
    await begin_merge(store, both)
    before = await store.data_event.move(ACME, both.lead.id)
    assert before
    await move_on(store, both.lead.id)

    with pytest.raises(Stale):
        await store.data_event.move_portion(before)


@on_databases
@pytest.mark.parametrize("portions", [0, 1, 4])
async def test_a_survivor_who_is_deleted_between_portions_leaves_nothing_of_either(
    store: SqlStore, workspace, portions: int
):
    both = await pair(store, random.Random(portions))
    await begin_merge(store, both)
    await move_on(store, both.lead.id, portions)
    before = await store.data_event.move(ACME, both.lead.id)
    assert before
    assert both.user.id == before.into_id
    region = Region.on("us", store, Clock(), RandomIds())

    await region.contacts.delete(AUTHOR, ACME, both.user.id)

    with pytest.raises(Stale):
        await store.data_event.move_portion(before)
    for person in both:
        assert Doings() == await doings(store, person.id)
    assert [] == await store.data_event.moves(ACME)


@on_databases
async def test_a_portion_that_was_decided_on_before_the_survivor_was_deleted_moves_nothing(store: SqlStore, workspace):
    both = await pair(store, random.Random(1))
    await begin_merge(store, both)
    before = await store.data_event.move(ACME, both.lead.id)
    user = await store.contact.find(ACME, both.user.id)
    assert before
    assert user
    await store.contact.commit(contacts.delete(user, act(30, NOON + 30)))
    rest = await doings(store, both.lead.id)

    with pytest.raises(Stale):
        await store.data_event.move_portion(before)

    assert rest == await doings(store, both.lead.id)
    assert {both.user.id, both.lead.id} == set(await store.data_event.moves(ACME))


@on_databases
async def test_a_deletion_beside_a_merge_in_another_process_leaves_nothing(store: SqlStore, other: SqlStore, workspace):
    both = await pair(store, random.Random(5))
    one, two = (Region.on("us", opened, Clock(), RandomIds()) for opened in (store, other))
    move_portion = store.data_event.move_portion
    deletion: list[asyncio.Task[object]] = []

    async def move_and_delete(move: object) -> None:
        if not deletion:
            deletion.append(asyncio.ensure_future(two.contacts.delete(AUTHOR, ACME, both.user.id)))
        await move_portion(move)  # type: ignore[arg-type]

    store.data_event.move_portion = move_and_delete  # type: ignore[method-assign]
    await one.merges.merge(AUTHOR, ACME, both.lead.id, both.user.id, duplicates_only=False)
    await deletion[0]

    for person in both:
        assert Doings() == await doings(store, person.id)
    assert [] == await store.data_event.moves(ACME)


@on_databases
async def test_changes_of_the_survivor_are_written_between_two_portions(store: SqlStore, workspace):
    both = await pair(store, random.Random(2))
    region = Region.on("us", store, Clock(), RandomIds())
    move_portion = store.data_event.move_portion
    revisions = []

    async def move_and_let_write(move: object) -> None:
        await move_portion(move)  # type: ignore[arg-type]
        # The merge goes on when this is written: were the contact's turn held, nobody would come to an end.
        await region.data_events.submit(AUTHOR, ACME, Named(both.user.id), "between", len(revisions), {})
        head = await store.contact.head(ACME, both.user.id)
        assert head
        revisions.append(head.revision)

    store.data_event.move_portion = move_and_let_write  # type: ignore[method-assign]
    await region.merges.merge(AUTHOR, ACME, both.lead.id, both.user.id, duplicates_only=False)

    assert len(revisions) > MANY // PORTION
    assert sorted(set(revisions)) == revisions
    assert Summary("between", len(revisions), 0, len(revisions) - 1) == await store.data_event.summary(
        ACME, both.user.id, "between"
    )


async def test_no_transaction_of_a_merge_or_a_deletion_of_many_events_writes_more_than_a_portion(tmp_path: Path):
    path = new_file(tmp_path / "sayso.db")
    total, written = 0, []

    def connect() -> apsw.Connection:
        connection = sqlite.connect(path)

        def commit() -> bool:
            nonlocal total
            written.append(connection.total_changes() - total)
            total = connection.total_changes()
            return False

        connection.set_commit_hook(commit)
        return connection

    store = SqlStore(SqliteEngine(connect))
    await add_acme(store)
    both = await pair(store, random.Random(3), 8 * PORTION)
    region = Region.on("us", store, Clock(), RandomIds())
    # A row that is moved is written twice, and each transaction writes a few rows more.
    most = 2 * PORTION + 20
    for deed in (
        region.merges.merge(AUTHOR, ACME, both.lead.id, both.user.id, duplicates_only=False),
        region.contacts.delete(AUTHOR, ACME, both.user.id),
    ):
        written.clear()
        await deed
        assert max(written) <= most
        assert sum(written) > 8 * PORTION
    await store.close()


async def add_acme(store: SqlStore) -> None:
    admin = Admin("1", ACME, "admin@example.com", "Admin")
    entry = entry_of(SettingsHead(), ACME, of_admin(admin))
    await store.workspace.add(Workspace(ACME, "us", "Acme", "2.11", "UTC", 1, NOON), [admin], [entry])


# What else finds a move that is not finished.


async def acme_in(folder: Path) -> SqlStore:
    store = stores.sqlite(new_file(folder / "sayso.db"))
    await add_acme(store)
    return store


async def test_verification_and_a_copy_to_postgresql_take_an_unfinished_move_along(tmp_path: Path, database: str):
    source = await acme_in(tmp_path)
    both = await pair(source, random.Random(4))
    wanted = union(await doings(source, both.user.id), await doings(source, both.lead.id))
    await begin_merge(source, both)
    assert [] == (await verify(source)).problems
    await source.close()
    await bring_up_to_date(database, NOON)

    await copying.copy(tmp_path / "sayso.db", DatabaseUrl(database), 300, lambda *_: None)
    await copying.finish(DatabaseUrl(database), 300)

    copied = await postgres.store_on(database)
    assert [both.lead.id] == await copied.data_event.moves(ACME)
    assert [] == (await verify(copied)).problems
    await DataEventMoveService(copied).take_up()
    assert wanted == await doings(copied, both.user.id)
    assert Doings() == await doings(copied, both.lead.id)
    await copied.close()


async def test_a_copy_that_was_stopped_does_not_go_on_when_a_portion_was_moved_meanwhile(tmp_path: Path, database: str):
    source = await acme_in(tmp_path)
    both = await pair(source, random.Random(9))
    # So that all is moved, and no table has other numbers of rows afterwards.
    sql = "DELETE FROM data_events WHERE workspace_id = $1 AND contact_id = $2"
    await source.engine.commit([Statement(sql, (ACME, bytes.fromhex(both.user.id)))])
    await begin_merge(source, both)
    await bring_up_to_date(database, NOON)
    target = DatabaseUrl(database)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    await source.close()
    with pytest.raises(KeyboardInterrupt):
        await copying.copy(tmp_path / "sayso.db", target, 300, stop)
    source = stores.sqlite(tmp_path / "sayso.db")
    assert 1 == await move_on(source, both.lead.id, 1)
    await source.close()

    with pytest.raises(Conflict):
        await copying.copy(tmp_path / "sayso.db", target, 300, lambda *_: None)
