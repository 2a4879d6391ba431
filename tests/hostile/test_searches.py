"""Searches that no index helps, from one token, and what they do to everybody else.

HOSTILE_SECONDS and HOSTILE_CONTACTS make it longer and the workspace larger.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from benchmarks import slow_searches
from benchmarks.load import fill
from benchmarks.slow_searches import KINDS, SEARCHERS, client, worst_searches
from tests.cast import TOKEN
from tests.machine import DEADLINE
from tests.running import Running

from sayso.domain.search_query import COST
from sayso.storage.read_limit import READS_PER_TOKEN

SECONDS = float(os.environ.get("HOSTILE_SECONDS", "8"))
CONTACTS = int(os.environ.get("HOSTILE_CONTACTS", "20000"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A database, and the ids of its contacts."""
    path = tmp_path_factory.mktemp("filled") / "sayso.db"
    return path, asyncio.run(fill(path, CONTACTS))


@pytest.fixture
def server(filled: tuple[Path, list[str]], tmp_path: Path) -> Iterator[Running]:
    with on_copy(filled[0], tmp_path, timeout=5) as running:
        yield running


@pytest.fixture
def patient_server(filled: tuple[Path, list[str]], tmp_path: Path) -> Iterator[Running]:
    """It lets requests wait for longer than it takes to stop."""
    with on_copy(filled[0], tmp_path, timeout=60) as running:
        yield running


@pytest.fixture
def impatient_server(filled: tuple[Path, list[str]], tmp_path: Path) -> Iterator[Running]:
    with on_copy(filled[0], tmp_path, timeout=1) as running:
        yield running


def on_copy(database: Path, folder: Path, timeout: int) -> Running:
    """A server on a copy of a database. `timeout`: how long a request waits for it, in seconds."""
    copy = folder / "sayso.db"
    copy.write_bytes(database.read_bytes())
    environment = {
        "SAYSO_DATABASE_URL": f"sqlite:///{copy}",
        "SAYSO_DATABASE_TIMEOUT": str(timeout),
        "SAYSO_DRAIN_SECONDS": "10",
    }
    return Running(folder, **environment)


def port(server: Running) -> int:
    return int(server.url.rpartition(":")[2])


@asynccontextmanager
async def searching(server: Running, count: int) -> AsyncIterator[list[asyncio.Task[tuple[int, Any]]]]:
    """So many of the worst searches under way, each on its own connection; answers as (status, body)."""
    async with AsyncExitStack() as stack:
        searches = worst_searches()
        clients = [await stack.enter_async_context(client(port(server), TOKEN)) for _ in range(count)]
        tasks = [asyncio.create_task(one.ask("POST", "/contacts/search", next(searches))) for one in clients]
        yield tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_others_are_served_while_one_token_searches(server: Running, filled: tuple[Path, list[str]]):
    token = slow_searches.make_token(server.folder / "sayso.db")
    log = server.folder / "sayso.db-wal"

    work = slow_searches.load(port(server), filled[1], (TOKEN, token), log, SECONDS, SEARCHERS)
    outcome = asyncio.run(work)

    assert [] == outcome.failures
    assert [kind for kind in KINDS if not outcome.seconds[kind]] == []
    assert outcome.searches["gone"] >= SEARCHERS
    assert outcome.log < 128 * 1024**2
    assert 0 == server.stop()


async def test_a_search_that_takes_too_long_is_answered_with_503(impatient_server: Running):
    # One token's searches run one after the other, so that the last one is late on every machine.
    async with searching(impatient_server, READS_PER_TOKEN) as searches:
        answers = await asyncio.gather(*searches)

    assert {status for status, _ in answers} in ({503}, {200, 503})
    assert {"service_unavailable"} == {body["errors"][0]["code"] for status, body in answers if status == 503}


async def test_a_token_s_searches_beyond_its_bound_are_answered_with_429(server: Running):
    async with searching(server, READS_PER_TOKEN + 1) as searches:
        ended, _ = await asyncio.wait(searches, return_when=asyncio.FIRST_COMPLETED)
        statuses = {search.result()[0] for search in ended}

    assert {429} == statuses


async def test_a_server_that_stops_answers_its_searches_and_ends(patient_server: Running):
    async with searching(patient_server, READS_PER_TOKEN) as searches:
        async with client(port(patient_server), TOKEN) as other:
            # The server has read the searches before this, which comes later.
            assert (200,) == (await other.ask("GET", "/me"))[:1]
        patient_server.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*searches)

    assert {503} == {status for status, _ in answers}
    assert 0 == await asyncio.to_thread(patient_server.process.wait, DEADLINE)


async def test_a_search_that_costs_too_much_is_refused_unasked(server: Running):
    costly = {"query": {"field": "email_domain", "operator": "~", "value": "x" * (COST + 1)}}

    async with client(port(server), TOKEN) as one:
        status, body = await one.ask("POST", "/contacts/search", costly)

    assert (400, "parameter_invalid", "query") == (status, body["errors"][0]["code"], body["errors"][0]["field"])
    assert str(COST) in body["errors"][0]["message"]
