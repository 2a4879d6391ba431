"""The PostgreSQL engine: what shares a statement, what does not, and what one request's trouble is to the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests import postgres
from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage
from tests.machine import DEADLINE
from tests.storage.conftest import entry_of, logged
from tests.storage.test_contact import granting

from sayso.domain import subscription_type as types
from sayso.domain.admin import Admin
from sayso.domain.contact import Change, ContactDraft, Profile, Role
from sayso.domain.errors import Invalid, Unavailable
from sayso.domain.settings_log import SettingsHead, of_admin, of_type
from sayso.domain.subscription_type import SubscriptionType, TypeId
from sayso.intercom.attached import attaching
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import postgres_connections
from sayso.storage.postgres import PostgresEngine
from sayso.storage.postgres_together import Gathering, Work
from sayso.storage.postgres_url import parsed
from sayso.storage.store import SqlStore


class Shop:
    """A workspace with one opt_in type, on an engine whose statements are counted."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.region = Region.on("us", store, lambda: NOON, RandomIds())
        assert isinstance(store.engine, PostgresEngine)
        self.engine = store.engine
        self.asked = 0
        run = self.engine._connections.run

        async def counted(*told: object, **more: object) -> object:
            self.asked += 1
            return await run(*told, **more)  # type: ignore[arg-type]

        self.engine._connections.run = counted  # type: ignore[method-assign, assignment]

    async def open(self) -> None:
        self.workspace_id = (await self.region.workspaces.create("Acme")).id
        self.type = await self.region.types.create(self.workspace_id, draft("opt_in"))

    async def people(self, number: int) -> list[str]:
        drafts = [ContactDraft(Profile(Role.LEAD)) for _ in range(number)]
        made = await asyncio.gather(*(self.region.contacts.create(AUTHOR, self.workspace_id, one) for one in drafts))
        return [contact.id for contact in made]

    async def attach(self, contact_id: str) -> SubscriptionType:
        return await self.region.consent.choose(AUTHOR, self.workspace_id, contact_id, self.type.id, attaching(None))

    async def changes(self, people: list[str]) -> list[Change]:
        heads = await asyncio.gather(*(self.store.contact.head(self.workspace_id, one) for one in people))
        return [granting(head, self.type, number) for number, head in enumerate(heads, 1) if head]

    async def entries(self, people: list[str]) -> list[int]:
        return [len(await self.store.ledger.chain(self.workspace_id, one)) for one in people]

    async def damage(self) -> list[str]:
        return await damage(self.store, self.workspace_id)


@pytest.fixture
async def shop(shared_database: str) -> AsyncIterator[Shop]:
    async for opened in _shop(shared_database):
        yield opened


@pytest.fixture
async def plain_shop(shared_database: str) -> AsyncIterator[Shop]:
    """As on Citus: every request asks for itself."""
    async for opened in _shop(f"{shared_database}?coalescing=false"):
        yield opened


async def _shop(url: str) -> AsyncIterator[Shop]:
    store = await postgres.store_on(url)
    await postgres.empty(store)
    shop = Shop(store)
    await shop.open()
    yield shop
    await store.close()


async def outcomes(shop: Shop, changes: list[Change]) -> list[str]:
    told = await asyncio.gather(*(shop.store.contact.commit(change) for change in changes), return_exceptions=True)
    return [type(outcome).__name__ if outcome else "written" for outcome in told]


async def test_the_reads_of_one_tick_share_a_statement(shop: Shop):
    people = [*await shop.people(64), "0" * 24]
    shop.asked = 0

    standings = await asyncio.gather(*(shop.store.contact.standing(shop.workspace_id, one) for one in people))

    assert [""] * 64 + [None] == standings
    assert 1 == shop.asked


async def test_the_choices_of_one_tick_share_a_few_statements(shop: Shop):
    people = await shop.people(64)
    changes = await shop.changes(people)
    shop.asked = 0

    told = await outcomes(shop, changes)

    # 32, 24 and the last 8.
    assert 3 == shop.asked
    assert ["written"] * 64 == told
    assert [1] * 64 == await shop.entries(people)
    assert [] == await shop.damage()


async def test_coalescing_can_be_switched_off(plain_shop: Shop):
    people = await plain_shop.people(8)
    plain_shop.asked = 0

    await asyncio.gather(*(plain_shop.attach(one) for one in people))

    assert plain_shop.asked >= 16
    assert [1] * 8 == await plain_shop.entries(people)


async def test_whoever_asks_together_is_answered_as_alone(shop: Shop):
    """A head, a whole contact, one of another workspace and one that is none, in one tick."""
    alice, bob = await shop.people(2)
    contact, workspace = shop.store.contact, shop.workspace_id

    together = await asyncio.gather(
        contact.head(workspace, alice),
        contact.find(workspace, alice),
        contact.find(workspace, bob),
        contact.head("globex", alice),
        contact.head(workspace, "nobody"),
        contact.head(workspace, alice),
    )

    alone = [await contact.head(workspace, alice), await contact.find(workspace, alice)]
    alone += [await contact.find(workspace, bob), None, None, await contact.head(workspace, alice)]
    assert alone == list(together)
    assert together[2]
    assert bob == together[2].id


async def test_a_change_that_is_stale_does_not_hold_up_the_others(shop: Shop):
    people = await shop.people(8)
    changes = await shop.changes(people)
    await shop.attach(people[3])
    shop.asked = 0

    told = await outcomes(shop, changes)

    assert ["written"] * 3 + ["Stale"] + ["written"] * 4 == told
    assert 1 == shop.asked
    assert [1] * 8 == await shop.entries(people)
    assert [] == await shop.damage()


async def test_work_whose_time_is_over_is_kept_from_the_others():
    now, turns, done = asyncio.get_running_loop().time(), asyncio.Event(), []

    async def run(key: str, work: list[Work[str]]) -> None:
        await turns.wait()
        done.append([part.item for part in work])
        for part in work:
            part.succeed(part.item)

    gathering = Gathering(run, 1)
    first = gathering.add("", "first", now + 60)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late, second, later = (gathering.add(*told) for told in (("", "a", now), ("", "b", now + 60), ("else", "c", now)))
    turns.set()

    assert ["first", "b"] == [await first, await second]
    for over in (late, later):
        with pytest.raises(Unavailable, match="nothing was written"):
            await over
    assert [["first"], ["b"]] == done


@pytest.mark.parametrize(("number", "shares"), [(3, [3]), (5, [4, 1]), (20, [10, 5, 4, 1])])
async def test_half_of_what_waits_shares_a_run_and_the_rest_the_next_ones(number: int, shares: list[int]):
    ran: list[list[int]] = []

    async def run(key: str, work: list[Work[int]]) -> None:
        ran.append([part.item for part in work])
        await asyncio.sleep(0)
        for part in work:
            part.succeed(part.item)

    gathering = Gathering(run, 1, 4)
    until = asyncio.get_running_loop().time() + 60
    waiting = [gathering.add("", item, until) for item in range(number)]

    assert list(range(number)) == await asyncio.gather(*waiting)
    assert shares == [len(each) for each in ran]
    assert list(range(number)) == [item for each in ran for item in each]


async def test_choices_on_a_type_that_has_changed_are_stale(shop: Shop):
    people = await shop.people(3)
    changes = await shop.changes(people)
    await shop.region.types.update(shop.workspace_id, shop.type.id, draft("opt_in", name="Another name"))

    assert ["Stale"] * 3 == await outcomes(shop, changes)
    assert [0] * 3 == await shop.entries(people)


async def test_of_two_choices_of_one_contact_in_one_tick_one_is_written(shop: Shop):
    (alice,) = await shop.people(1)
    once, again = [*await shop.changes([alice]), *await shop.changes([alice])]

    assert ["written", "Stale"] == sorted(await outcomes(shop, [once, again]), reverse=True)
    assert [1] == await shop.entries([alice])
    assert [] == await shop.damage()


_WAITING_FOR_ME = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


@pytest.mark.parametrize("number", [1, 8])
async def test_a_contact_that_somebody_else_holds_holds_up_nobody(shop: Shop, shared_database: str, number: int):
    people = await shop.people(number)
    changes = await shop.changes(people)
    other = await asyncpg.connect(shared_database)
    held = other.transaction()
    await held.start()
    await other.execute("SELECT 1 FROM contacts WHERE contact_id = $1 FOR UPDATE", bytes.fromhex(people[0]))

    waiting = [asyncio.ensure_future(shop.store.contact.commit(change)) for change in changes]
    await asyncio.gather(*waiting[1:])
    while not waiting[0].done() and not await other.fetchval(_WAITING_FOR_ME):
        pass
    assert not waiting[0].done()
    await held.rollback()
    await other.close()
    await waiting[0]

    assert [1] * number == await shop.entries(people)


async def test_a_row_that_no_table_takes_spoils_nobody_elses_change(shop: Shop, shared_database: str):
    """The statement that all share fails, and each goes alone."""
    people = await shop.people(4)
    changes = await shop.changes(people)
    other = await asyncpg.connect(shared_database)
    taken = changes[2].entries[0]
    await other.execute(
        "INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, state, basis, occurred_at, recorded_at,"
        " method, actor_kind, actor_ref, request_id, hash) VALUES ($1, $2, 1, '', '', '', '', '', 0, 0, '', '', '', '', '')",
        shop.workspace_id,
        bytes.fromhex(people[2]),
    )
    await other.close()

    told = await outcomes(shop, changes)

    assert 1 == taken.seq
    assert ["written", "written", "Unavailable", "written"] == told
    assert [1] * 4 == await shop.entries(people)


async def test_a_thousand_choices_at_once_are_each_written_once(shop: Shop):
    people = await shop.people(250)

    await asyncio.gather(*(shop.attach(one) for one in people for _ in range(4)))

    assert [1] * 250 == await shop.entries(people)
    assert [] == await shop.damage()


async def test_a_caller_that_leaves_takes_nothing_back(shop: Shop):
    (alice,) = await shop.people(1)
    (change,) = await shop.changes([alice])
    commit = asyncio.ensure_future(shop.store.contact.commit(change))
    await asyncio.sleep(0)

    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit
    await shop.store.close()

    connection = await asyncpg.connect(shop.engine._connections._place.hosts[0])
    assert 1 == await connection.fetchval("SELECT count(*) FROM ledger")
    await connection.close()


async def test_a_closed_engine_refuses_instead_of_keeping_callers_waiting(shop: Shop):
    (alice,) = await shop.people(1)
    await shop.store.close()

    with pytest.raises(Unavailable, match="closed"):
        await shop.store.contact.head(shop.workspace_id, alice)
    with pytest.raises(Unavailable, match="closed"):
        await shop.people(1)
    await shop.store.close()


async def test_a_session_is_durable_whatever_its_role_was_told(cluster: postgres.Cluster, shop: Shop):
    name = cluster.sql("SELECT current_database()", url=shop.engine._connections._place.hosts[0])[0][0]
    cluster.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    store = await postgres.store_on(cluster.url_of(name))
    try:
        assert "on" == (await store.engine.read("SHOW synchronous_commit"))[0][0]
    finally:
        await store.close()
        cluster.sql(f"ALTER DATABASE {name} RESET synchronous_commit")


# Its address.


def test_several_hosts_are_tried_for_one_that_writes():
    place = parsed("postgresql://sayso:s3cret@one:5433,[::1],three/sayso?sslmode=require")

    asked = "sslmode=require&target_session_attrs=read-write"
    assert (
        f"postgresql://sayso:s3cret@one:5433/sayso?{asked}",
        f"postgresql://sayso:s3cret@[::1]/sayso?{asked}",
        f"postgresql://sayso:s3cret@three/sayso?{asked}",
    ) == place.hosts
    assert "s3cret" not in repr(place)


def test_what_is_ours_in_an_address_does_not_reach_the_server():
    place = parsed("postgres://localhost/sayso?pgbouncer=true&connections=3&coalescing=off&sslmode=disable")

    assert ("postgres://localhost/sayso?sslmode=disable",) == place.hosts
    assert (True, 3, False) == (place.pgbouncer, place.connections, place.coalescing)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://sayso:s3cret@localhost/sayso", "postgresql://"),
        ("postgresql://sayso:s3cret@localhost/sayso?pgbouncer=perhaps", "pgbouncer"),
        ("postgresql://sayso:s3cret@localhost/sayso?connections=0", "connections"),
        ("postgresql://sayso:s3cret@[::1/sayso", "cannot be read"),
    ],
)
def test_an_address_that_is_wrong_is_told_without_being_repeated(url: str, why: str):
    with pytest.raises(Invalid, match=why) as told:
        parsed(url)

    assert "s3cret" not in told.value.message


async def test_a_host_that_is_away_is_passed_over(shared_database: str):
    with postgres.reserved_port() as gone:
        port = gone.getsockname()[1]
        store = await postgres.store_on(shared_database.replace("@", f"@127.0.0.1:{port},"))

        assert await store.workspace.find("nowhere") is None
        await store.check()
        await store.close()


async def test_a_database_that_is_away_is_unavailable_and_used_again_when_it_is_back(cluster: postgres.Cluster):
    store = await postgres.store_on(cluster.url)
    await store.check()
    cluster.stop()
    with pytest.raises(Unavailable):
        await store.check()
    cluster.start()

    await store.check()
    await store.close()


async def test_a_deadline_that_passed_before_a_connection_was_to_be_had_costs_none(shop: Shop):
    connections = shop.engine._connections
    (held, _), *_ = connections._idle

    with pytest.raises(Unavailable, match="nothing was written"):
        await connections.run(lambda one: one.fetchval("SELECT 1"), 0.0, writes=True)
    await asyncio.sleep(0)

    assert not held.is_closed()
    assert connections._doubted is None


async def test_a_connection_that_cannot_be_greeted_is_not_left_behind(
    cluster: postgres.Cluster, database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres_connections, "_IS_SPREAD", "SELECT 1 FROM nowhere")
    name = database.rpartition("/")[2]
    store = await postgres.store_on(database)

    with pytest.raises(Unavailable):
        await store.check()

    async with asyncio.timeout(DEADLINE):
        while cluster.sql(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'"):
            await asyncio.sleep(0)
    await store.close()


async def test_a_name_with_a_nul_is_nobodys(shop: Shop):
    assert {} == await shop.store.contact.claims(shop.workspace_id, {"external_id": "\0"})


async def test_two_changes_of_small_tables_at_once_stamp_their_rows_with_versions_of_their_own(
    shop: Shop, shared_database: str
):
    store, workspace_id = shop.store, shop.workspace_id
    other = await asyncpg.connect(shared_database)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT 1 FROM workspaces FOR UPDATE")
    version = await store.workspace.version(workspace_id) or 0
    change, admin = (
        types.create(workspace_id, TypeId("7"), draft(), NOON),
        Admin("7", workspace_id, "a@b.example", "Ada"),
    )
    one = await logged(store, workspace_id, of_type(change.after))
    another = entry_of(SettingsHead.of(one), workspace_id, of_admin(admin))
    both = [
        asyncio.ensure_future(store.subscription_type.commit(change, one)),
        asyncio.ensure_future(store.admin.add(admin, another)),
    ]
    while 2 > await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        assert not any(each.done() for each in both)
    await transaction.rollback()
    await asyncio.gather(*both)
    await other.close()

    read = shop.engine.read
    stamps = [
        (await read(f"SELECT changed_version FROM {table} WHERE {key} = '7'"))[0][0]
        for table, key in (("subscription_types", "type_id"), ("admins", "admin_id"))
    ]
    assert [version + 1, version + 2] == sorted(stamps)
    assert version + 2 == await store.workspace.version(workspace_id)
