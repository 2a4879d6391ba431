"""PostgreSQL freezes, goes, comes back, takes no writes or has no room: callers hear 503 in time, and no longer than it
lasts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest
from tests import signals
from tests.postgres import Cluster
from tests.proxy import Fate, Flow, Unit
from tests.signals import frozen
from tests.storage.faults.shop import TIMEOUT, Shop, assert_unavailable, says_nothing_was_written, until

Fault = Callable[[Shop, Cluster], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def a_frozen_server(shop: Shop, cluster: Cluster) -> AsyncIterator[None]:
    with frozen(cluster.pid):
        yield


def a_network_that(**flows: Flow) -> Fault:
    @asynccontextmanager
    async def fault(shop: Shop, cluster: Cluster) -> AsyncIterator[None]:
        shop.proxy.flow(**flows)
        yield
        shop.proxy.flow()

    return fault


@asynccontextmanager
async def a_server_that_is_gone(shop: Shop, cluster: Cluster) -> AsyncIterator[None]:
    shop.proxy.refuse()
    shop.proxy.cut()
    yield
    await shop.proxy.listen()


@asynccontextmanager
async def a_table_that_is_locked(shop: Shop, cluster: Cluster) -> AsyncIterator[None]:
    async with shop.sql.transaction():
        await shop.sql.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
        yield


FAULTS = {
    "frozen": a_frozen_server,
    "gone": a_server_that_is_gone,
    "locked": a_table_that_is_locked,
    "questions stalled": a_network_that(to_server=Flow.STALL),
    "answers stalled": a_network_that(to_client=Flow.STALL),
    "questions swallowed": a_network_that(to_server=Flow.SWALLOW),
    "answers swallowed": a_network_that(to_client=Flow.SWALLOW),
}


@pytest.fixture(params=list(FAULTS))
def fault(request: pytest.FixtureRequest) -> Fault:
    return FAULTS[request.param]


async def test_callers_hear_503_in_time_and_are_served_as_soon_as_the_database_is(
    shop: Shop, cluster: Cluster, fault: Fault
):
    # As many connections as there may be: each of them is broken, and none may be met again.
    people = await shop.contacts(20)

    async with fault(shop, cluster):
        during = await shop.given_up(
            *(shop.read(one) for one in people),
            *(shop.attach(one) for one in people),
            *(shop.create(f"during-{one}") for one in people),
        )
        during += await shop.given_up(shop.read(people[0]))
        during += await shop.given_up(shop.attach(people[0]))
    after = await shop.at_once(shop.read(people[0]))
    after += await shop.at_once(shop.attach(people[0]), shop.create(), shop.read(people[1]))

    for answer in during:
        assert_unavailable(answer)
    assert [200] * 4 == [answer.status_code for answer in after], [answer.text for answer in after]
    assert [200] * 20 == [answer.status_code for answer in [await shop.attach(one) for one in people]]
    assert [1] * 20 == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


async def test_those_who_wait_for_each_other_wait_no_longer_than_the_first(shop: Shop, cluster: Cluster):
    alice = await shop.contact()

    with frozen(cluster.pid):
        during = await shop.given_up(*(shop.attach(alice) for _ in range(50)))

    for answer in during:
        assert_unavailable(answer)
    assert 200 == (await shop.attach(alice)).status_code
    assert 1 == await shop.entries(alice)


async def test_sessions_that_freeze_are_left_for_new_ones(shop: Shop):
    """The server lives, the processes behind our connections do not answer."""
    people = await shop.contacts(10)
    sessions = await shop.sessions()
    signals.send(sessions, signal.SIGSTOP)
    try:
        [first] = await shop.given_up(shop.read(people[0]))
        answers = await shop.at_once(shop.read(people[0]))
        answers += await shop.at_once(shop.attach(people[1]), shop.create())
    finally:
        signals.send(sessions, signal.SIGCONT)

    assert first.status_code in (200, 503)
    assert [200] * 3 == [answer.status_code for answer in answers], [answer.text for answer in answers]


async def test_all_that_a_request_asks_for_takes_no_longer_together_than_one_answer_may(shop: Shop):
    """Each statement is answered late, but in time if it were the only one."""
    alice = await shop.contact()
    late = [shop.proxy.trap(lambda unit: bool(unit.statements), Fate.HELD) for _ in range(2)]

    asked = asyncio.ensure_future(shop.rename(alice, "renamed"))
    for trap in late:
        await trap.wait()
        shop.clock.advance(0.8 * TIMEOUT)
        trap.release()
    [answer] = await shop.at_once(asked)

    assert_unavailable(answer)


@pytest.mark.parametrize("fault", ["gone"], indirect=True)
async def test_a_server_that_is_not_ready_is_again_when_its_database_is(shop: Shop, cluster: Cluster, fault: Fault):
    async with fault(shop, cluster):
        gone = await shop.client.get("/readyz")

    assert 503 == gone.status_code
    assert 200 == (await shop.client.get("/readyz")).status_code


async def test_a_request_given_up_leaves_nothing_waiting_on_the_server(shop: Shop, cluster: Cluster):
    people = await shop.contacts(10)
    async with a_table_that_is_locked(shop, cluster):
        for _ in range(3):
            given_up = await shop.given_up(*(shop.attach(one) for one in people), *(shop.read(one) for one in people))
        assert {503} == {answer.status_code for answer in given_up}

        async def none_waits() -> bool:
            return await shop.waiting() == 0

        await until(none_waits)


async def test_a_transaction_that_the_network_has_cut_off_does_not_hold_its_contact_for_good(shop: Shop):
    alice = await shop.contact()
    # What the server is told of our time-out goes by its own clock.
    connections = shop.region.store.engine._connections  # type: ignore[attr-defined]
    connections._timeout = 1.0
    connections.drop()
    trap = shop.proxy.trap(Unit.commits, Fate.UNHEARD)

    assert_unavailable(await shop.trapped(trap, shop.rename(alice, "renamed")))

    assert 200 == (await shop.served(lambda: shop.attach(alice))).status_code
    assert 200 == (await shop.rename(alice, "renamed")).status_code
    assert [] == await shop.damage()


async def test_connections_cut_while_idle_are_nobodys_error(shop: Shop):
    people = await shop.contacts(10)

    for _ in range(3):
        shop.proxy.cut()
        answers = [await shop.read(people[0]), await shop.attach(people[1]), await shop.create()]
        assert [200] * 3 == [answer.status_code for answer in answers], [answer.text for answer in answers]


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.DONE])
async def test_a_read_whose_connection_is_cut_is_read_again(shop: Shop, fate: Fate):
    alice = await shop.contact()
    await shop.attach(alice)
    trap = shop.proxy.trap(Unit.reads, fate)

    assert await shop.attached(alice)
    assert trap.sprung.is_set()


async def test_sessions_that_the_server_ends_are_nobodys_error(shop: Shop):
    """57P01, as in every orderly fail-over."""
    people = await shop.contacts(10)

    for one in people[:3]:
        for session in await shop.sessions():
            await shop.sql.execute("SELECT pg_terminate_backend($1, 60000)", session)
        answers = [await shop.read(one), await shop.attach(one), await shop.create()]
        assert [200] * 3 == [answer.status_code for answer in answers], [answer.text for answer in answers]


async def test_sessions_that_the_server_ends_under_load_lose_nothing(shop: Shop):
    people = await shop.contacts(10)
    stop = asyncio.Event()
    load = [asyncio.create_task(shop.toggle(one, stop)) for one in people]

    for _ in range(3):
        await shop.all_write(people)
        for session in await shop.sessions():
            await shop.sql.execute("SELECT pg_terminate_backend($1, 60000)", session)
        assert 200 == (await shop.served(shop.create)).status_code
    stop.set()
    changes = await asyncio.gather(*load)

    assert changes == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


async def test_a_server_that_restarts_under_load_loses_nothing(shop: Shop, cluster: Cluster, shared_database: str):
    people = await shop.contacts(10)
    stop = asyncio.Event()
    load = [asyncio.create_task(shop.toggle(one, stop)) for one in people]

    for _ in range(2):
        await shop.all_write(people)
        await shop.sql.close()
        await asyncio.to_thread(cluster.stop, "fast")
        await asyncio.to_thread(cluster.start)
        shop.sql = await asyncpg.connect(shared_database)
    # The first to come after it is up is served.
    assert 200 == (await shop.create()).status_code
    stop.set()
    changes = await asyncio.gather(*load)

    assert changes == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


async def test_a_server_that_takes_no_writes_is_read_and_written_again_when_it_does(shop: Shop, cluster: Cluster):
    """25006, as on a primary that has become a standby."""
    people = await shop.contacts(5)
    before = set(await shop.sessions())
    async with read_only(shop, cluster):
        refused = [await shop.attach(people[0]), await shop.create()]
        reads = [await shop.read(one) for one in people]

        async def none_is_left() -> bool:
            return not before & set(await shop.sessions())

        # Another host may have become the one that writes: they are all dialled anew.
        await until(none_is_left)
    taken = [await shop.attach(people[0]), await shop.create()]

    for answer in refused:
        assert_unavailable(answer)
        assert says_nothing_was_written(answer), answer.text
    assert [200] * 5 == [answer.status_code for answer in reads]
    assert [200] * 2 == [answer.status_code for answer in taken], [answer.text for answer in taken]


@asynccontextmanager
async def read_only(shop: Shop, cluster: Cluster) -> AsyncIterator[None]:
    await set_read_only(shop, cluster, "on")
    try:
        yield
    finally:
        await shop.sql.execute("SET default_transaction_read_only = off")
        await set_read_only(shop, cluster, "off")


async def set_read_only(shop: Shop, cluster: Cluster, value: str) -> None:
    """For every session, at once."""
    await shop.sql.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await shop.sql.execute("SELECT pg_reload_conf()")

    async def heard() -> bool:
        return await shop.sql.fetchval("SHOW default_transaction_read_only") == value

    await until(heard)
    # It takes a new connection only when it has told all of its sessions.
    another = await asyncpg.connect(cluster.url)
    await another.close()


async def test_a_server_without_a_connection_to_spare_is_answered_for(shop: Shop, cluster: Cluster):
    """53300."""
    alice = await shop.contact()
    others = await all_connections(shop, cluster)
    try:
        refused = await shop.at_once(shop.read(alice), shop.attach(alice))
    finally:
        await asyncio.gather(*(other.close() for other in others))

    for answer in refused:
        assert_unavailable(answer)
    # Their processes end a moment after they have left.
    assert 200 == (await shop.served(lambda: shop.attach(alice))).status_code
    assert 1 == await shop.entries(alice)


async def all_connections(shop: Shop, cluster: Cluster) -> list[asyncpg.Connection]:
    """Every connection the server has, the engine's too: its new ones are let through when all are taken."""
    others: list[asyncpg.Connection] = []
    shop.proxy.refuse()
    shop.proxy.cut()

    async def none_is_left() -> bool:
        try:
            others.append(await asyncpg.connect(cluster.url))
        except asyncpg.TooManyConnectionsError:
            return not await shop.sessions()
        return False

    await until(none_is_left)
    await shop.proxy.listen()
    return others


async def test_a_contact_that_is_held_holds_up_nobody_else(shop: Shop):
    alice, *others = await shop.contacts(20)
    async with shop.sql.transaction():
        await shop.sql.execute("SELECT 1 FROM contacts WHERE contact_id = $1 FOR UPDATE", bytes.fromhex(alice))
        held, *free = [asyncio.ensure_future(shop.attach(one)) for one in (alice, *others)]
        answers = await shop.at_once(*free)
        assert not held.done()
        [refused] = await shop.given_up(held)

    assert_unavailable(refused)
    assert [200] * len(others) == [answer.status_code for answer in answers]
    assert 200 == (await shop.attach(alice)).status_code
    assert [1] * 20 == [await shop.entries(one) for one in (alice, *others)]


async def test_a_deadlock_is_tried_again(shop: Shop, shared_database: str):
    """40P01: ours holds the claim and waits for the row, theirs holds the row and waits for the claim."""
    alice = await shop.contact()
    held = shop.proxy.trap(lambda unit: not unit.alone and "UPDATE contacts SET" in str(unit.statements), Fate.HELD)
    theirs = await asyncpg.connect(shared_database)
    # They can wait: the server ends ours.
    await theirs.execute("SET deadlock_timeout = '60s'")
    await theirs.execute("BEGIN")
    await theirs.execute("SELECT 1 FROM contacts WHERE contact_id = $1 FOR UPDATE", bytes.fromhex(alice))
    ours = asyncio.create_task(shop.rename(alice, "renamed"))
    await held.wait()
    claim = asyncio.create_task(theirs.execute(CLAIM, shop.workspace_id, b"\0" * 12))

    async def they_wait() -> bool:
        return await shop.sql.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", theirs.get_server_pid())

    await until(they_wait)
    held.release()
    await claim
    await theirs.execute("ROLLBACK")
    answer = await ours

    assert 200 == answer.status_code, answer.text
    assert 2 == await shop.revision(alice)
    assert [] == await shop.damage()
    await theirs.close()


CLAIM = """INSERT INTO contact_keys (workspace_id, kind, value, contact_id, state, at)
VALUES ($1, 'external_id', 'renamed', $2, 'live', 0)"""
