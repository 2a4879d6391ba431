"""Counts of searches: one for all who ask the same while nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests import postgres
from tests.conftest import KINDS
from tests.storage.conftest import ACME, created

from sayso.domain.access import Workspace
from sayso.domain.errors import TooManySlowReads, Unavailable
from sayso.domain.search import Absent, Field, Filter, Kind
from sayso.http.request import Fields, Request
from sayso.http.waiting import Waiting
from sayso.service.patience import WAITING_SINCE
from sayso.service.ports import Store
from sayso.storage import shared_counts
from sayso.storage import store as stores
from sayso.storage.store import SqlStore

EMAIL = Field("email", Kind.STRING)

#: Finds whoever has an email: no kept count says how many do.
REACHABLE = Filter(EMAIL, Absent(), negated=True)

pytestmark = [
    pytest.mark.parametrize("store", [kind for kind in KINDS if kind in ("sqlite", "postgres")], indirect=True),
    pytest.mark.usefixtures("workspace"),
]


class Scans:
    """The searches that an engine was asked for. While `held`, they wait; `error` ends the next one."""

    def __init__(self, scan: Callable[..., Awaitable[Any]]) -> None:
        self._scan = scan
        self.number = 0
        self.cancelled = 0
        self.error: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self, sql: str, *params: Any) -> Any:
        self.number += 1
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return await self._scan(sql, *params)

    async def begin(self, number: int = 1) -> None:
        """Wait until so many have begun."""
        while self.number < number:
            await asyncio.sleep(0)


@pytest.fixture
def scans(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Scans:
    counted = Scans(store.engine.scan)
    monkeypatch.setattr(store.engine, "scan", counted)
    return counted


@pytest.fixture
async def other(store: SqlStore, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SqlStore]:
    """The same database as another process has it."""
    if "sqlite" in request.node.callspec.params.values():
        opened = stores.sqlite(tmp_path / "sayso.db")
    else:
        opened = await postgres.store_on(request.getfixturevalue("shared_database"))
    yield opened
    await opened.close()


@pytest.fixture
def quiet(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that nobody writes to, nor its own upkeep."""

    async def same() -> str:
        return "1"

    monkeypatch.setattr(store.engine, "data_version", same)


def ask(store: Store, workspace_id: str = ACME) -> asyncio.Task[int]:
    return asyncio.create_task(store.search.count(workspace_id, REACHABLE))


async def wait_for(store: SqlStore, number: int) -> None:
    """Until so many requests wait for one count."""
    counts = store.search._counts._counts
    while not any(count.waiters == number for count in counts.values()):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("quiet")
async def test_all_who_ask_the_same_at_once_share_one_count(store: SqlStore, scans: Scans):
    await created(store, email="alice@example.com")

    assert [1] * 5 == await asyncio.gather(*(ask(store) for _ in range(5)))
    assert 1 == scans.number


async def test_a_count_is_kept_while_nothing_is_written(store: SqlStore, scans: Scans):
    await created(store, email="alice@example.com")
    while True:
        # PostgreSQL's own upkeep commits too. Then all is counted again.
        store.search._counts._counts.clear()
        version, scans.number = await store.engine.data_version(), 0
        counts = [await ask(store) for _ in range(5)]
        if await store.engine.data_version() == version:
            break

    assert [1] * 5 == counts
    assert 1 == scans.number


async def test_a_count_includes_all_that_was_written_before_it_was_asked_for(
    store: SqlStore, other: SqlStore, scans: Scans
):
    await created(store, email="alice@example.com")
    assert 1 == await ask(store)

    await created(store, email="bob@example.com")
    assert 2 == await ask(store)
    await created(other, email="carol@example.com")
    assert 3 == await ask(store)

    assert 3 == scans.number


async def test_who_asks_after_a_write_does_not_join_a_count_that_began_before_it(store: SqlStore, scans: Scans):
    scans.free.clear()
    before = ask(store)
    await scans.begin()
    await created(store, email="alice@example.com")
    after = ask(store)
    await scans.begin(2)
    scans.free.set()

    assert 1 == await after
    await before


async def test_workspaces_and_searches_have_counts_of_their_own(store: SqlStore, workspace: Workspace):
    await created(store, email="alice@example.com")
    nameless = Filter(Field("name", Kind.STRING), Absent(), negated=True)

    assert [1, 0, 0] == [
        await ask(store),
        await ask(store, f"not-{workspace.id}"),
        await store.search.count(ACME, nameless),
    ]


@pytest.mark.usefixtures("quiet")
async def test_whoever_leaves_takes_no_count_from_the_others(store: SqlStore, scans: Scans):
    await created(store, email="alice@example.com")
    scans.free.clear()
    first, second = ask(store), ask(store)
    await wait_for(store, 2)
    first.cancel()
    await asyncio.wait([first])
    scans.free.set()

    assert 1 == await second
    assert (1, 0) == (scans.number, scans.cancelled)


@pytest.mark.usefixtures("quiet")
async def test_the_last_to_leave_ends_the_count(store: SqlStore, scans: Scans):
    scans.free.clear()
    asking = [ask(store), ask(store)]
    await scans.begin()
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    while scans.cancelled < scans.number:
        await asyncio.sleep(0)
    scans.free.set()

    assert 0 == await ask(store)


@pytest.mark.usefixtures("quiet")
async def test_a_limit_of_who_began_a_count_is_not_the_others(store: SqlStore, scans: Scans):
    await created(store, email="alice@example.com")
    scans.free.clear()
    scans.error = TooManySlowReads(16)
    first = ask(store)
    await scans.begin()
    second = ask(store)
    scans.free.set()

    with pytest.raises(TooManySlowReads):
        await first
    assert 1 == await second


@pytest.mark.usefixtures("quiet")
async def test_each_waits_until_its_own_deadline(store: SqlStore, scans: Scans):
    scans.free.clear()
    first = ask(store)
    await scans.begin()
    WAITING_SINCE.set(-1e9)

    with pytest.raises(Unavailable):
        await store.search.count(ACME, REACHABLE)
    assert not first.done()
    scans.free.set()
    await first


async def test_where_nobody_can_tell_of_writes_each_counts_anew(
    store: SqlStore, scans: Scans, monkeypatch: pytest.MonkeyPatch
):
    async def unknown() -> None:
        return None

    monkeypatch.setattr(store.engine, "data_version", unknown)
    await asyncio.gather(*(ask(store) for _ in range(3)))

    assert 3 == scans.number


async def test_few_counts_are_kept(store: SqlStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_counts, "MOST_KEPT", 2)
    for name in ("email", "name", "phone"):
        await store.search.count(ACME, Filter(Field(name, Kind.STRING), Absent()))

    assert ["name", "phone"] == [query.field.name for _, query in store.search._counts._counts]


async def test_a_request_outside_of_a_task_is_counted_for(store: SqlStore):
    counted: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def count() -> Any:
        return await store.search.count(ACME, REACHABLE)

    request = Request("POST", b"/contacts/search", Fields(), b"", "127.0.0.1")
    work = count()
    waiting = Waiting(
        asyncio.get_running_loop(), work, lambda _, number: counted.set_result(number), request, keep_alive=True
    )
    waiting.on(work.send(None))

    assert 0 == await counted
