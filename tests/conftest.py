"""Fixtures: stores, Acme and Globex in process, and real servers as processes."""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, settings
from tests import postgres
from tests.cast import GLOBEX_TOKEN, NOON, TOKEN, Clock, draft
from tests.conformance import descriptions
from tests.running import Running
from tests.sqlite import new_file

from sayso.asgi import App
from sayso.domain.access import ALL_SCOPES, Workspace
from sayso.domain.subscription_type import TypeDraft, TypeState
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.server import surfaces
from sayso.service.ids import RandomIds
from sayso.service.ports import Ids, Store
from sayso.service.region import Region, Regions
from sayso.storage import store as stores
from sayso.storage.memory import MemoryStore
from sayso.storage.postgres_migrate import bring_up_to_date

# A machine that is busy with something else is no fault of what is tested.
settings.register_profile("sayso", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("sayso")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def no_garbage_collector() -> Iterator[None]:
    """Only reference counts free memory."""
    gc.disable()
    yield
    gc.enable()


#: A coordinator's URL, of a database that the tests may empty.
CITUS_URL = os.environ.get("SAYSO_TEST_CITUS_URL", "")

#: Every kind of store that this machine has or must have; one line at the end says which it has not.
KINDS = ["memory", "sqlite", *(["postgres"] if postgres.WANTED else []), *(["citus"] if CITUS_URL else [])]


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Every kind of store: what runs on this fixture defines the port."""
    opened = await opened_store(request.param, request, tmp_path)
    yield opened
    await opened.close()


async def opened_store(kind: str, request: pytest.FixtureRequest, folder: Path) -> Store:
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return stores.sqlite(new_file(folder / "sayso.db"))
    url = request.getfixturevalue("citus" if kind == "citus" else "shared_database")
    if kind == "citus":
        await bring_up_to_date(url, NOON)
    store = await postgres.store_on(url)
    await postgres.empty(store)
    return store


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """One PostgreSQL server for the whole run, on a real disk's terms."""
    with postgres.cluster() as running:
        yield running


@pytest.fixture
def citus() -> Iterator[str]:
    """The coordinator's URL. There is one database for all processes of a run: a test has it alone."""
    with Path(gettempdir(), "sayso-test-citus").open("w") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        yield CITUS_URL


@pytest.fixture(scope="session")
def shared_database(cluster: postgres.Cluster) -> Iterator[str]:
    """The URL of a database with the schema; `store` empties it."""
    with postgres.shared(cluster) as url:
        yield url


@pytest.fixture
def database(cluster: postgres.Cluster) -> Iterator[str]:
    """The URL of an empty database of one's own."""
    with cluster.database() as url:
        yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: whatever comes last then is short, and no processor waits for another."""
    items.sort(key=lambda item: "crash" not in item.path.parts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if postgres.binaries() is None:
        terminalreporter.write_line(postgres.NONE_FOUND)


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[stores.SqlStore]:
    opened = stores.sqlite(new_file(tmp_path / "sayso.db"))
    yield opened
    await opened.close()


# asyncio shows what a fixture gave at each turn of it: all of a region would be written out.
@dataclass(repr=False)
class Acme:
    """A region with two workspaces, and HTTP clients that call its surfaces in process."""

    region: Region
    regions: Regions
    workspace: Workspace
    globex: Workspace
    app: App
    clock: Clock
    windows: Windows
    client: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    types: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.client.get(path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        return await self.client.post(path, json=json, **more)

    async def put(self, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        return await self.client.put(path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> httpx2.Response:
        return await self.client.delete(path, **more)

    async def contact(self, **fields: Any) -> str:
        """The id of a new contact."""
        answer = await self.post("/contacts", fields or {"email": "alice@example.com"})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def attributes(self, **types: str) -> None:
        """Make attributes of contacts, each of a type."""
        for name, data_type in types.items():
            answer = await self.post("/data_attributes", {"name": name, "model": "contact", "data_type": data_type})
            assert answer.status_code == 200, answer.text

    def client_with(self, token: str, address: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
        return _client(self.app, token, headers, address)


@pytest.fixture
async def acme(store: Store, clock: Clock) -> AsyncIterator[Acme]:
    """Acme has types opt_in, opt_out, sms, draft and archived; their ids are in `acme.types`."""
    async with AsyncExitStack() as stack:
        yield await opened_acme(store, clock, stack, RandomIds())


async def opened_acme(store: Store, clock: Clock, stack: AsyncExitStack, ids: Ids) -> Acme:
    region = Region.on("us", store, clock, ids)
    workspace = await region.workspaces.create("Acme")
    globex = await region.workspaces.create("Globex")
    await region.access.create(workspace.id, "all", ALL_SCOPES, "us", TOKEN)
    await region.access.create(globex.id, "all", ALL_SCOPES, "us", GLOBEX_TOKEN)
    regions = Regions({"us": region}, {}, "us")
    windows, tally = Windows(10_000), Tally()
    app = surfaces(regions, windows, tally, clock, ids)
    acme = Acme(
        region,
        regions,
        workspace,
        globex,
        app,
        clock,
        windows,
        await stack.enter_async_context(_client(app, TOKEN, {})),
        await stack.enter_async_context(_client(app, GLOBEX_TOKEN, {})),
    )
    await _types(acme)
    return acme


async def _types(acme: Acme) -> None:
    drafts = {
        "opt_in": draft("opt_in", name="Newsletter"),
        "opt_out": draft("opt_out", name="Announcements"),
        "sms": draft("opt_in", ("sms_message",), name="Offers by text"),
        "draft": draft("opt_in", name="Not yet", state="draft"),
        "archived": draft("opt_in", name="No longer"),
    }
    for word, wanted in drafts.items():
        acme.types[word] = (await acme.region.types.create(acme.workspace.id, wanted)).id
    archive = TypeDraft(state=TypeState.ARCHIVED)
    await acme.region.types.update(acme.workspace.id, acme.types["archived"], archive)


def _client(app: App, token: str, headers: dict[str, str], address: str = "127.0.0.1") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, client=(address, 1)),
        base_url="http://sayso.test",
        headers={"Authorization": f"Bearer {token}", **headers},
        event_hooks={"response": [descriptions.watch_async]},
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One real server for the whole run, with demo contents; its token has every scope."""
    with Running(tmp_path_factory.mktemp("server"), "--demo") as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start real servers of one's own: `start("--demo", SAYSO_RATE_LIMIT="6")`; they are ended after the test."""
    started: list[Running] = []

    def start_one(*flags: str, folder: Path | None = None, **more: Any) -> Running:
        running = Running(folder or tmp_path, *flags, **more)
        started.append(running)
        return running.__enter__()

    yield start_one
    for running in started:
        running.__exit__(None, None, None)
