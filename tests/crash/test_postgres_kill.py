"""Sayso's server, then PostgreSQL's, is killed under load: what was acknowledged is there, and every chain is whole.

CRASH_KILLS says how often each (3 unless told), CRASH_SEED when.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic

import asyncpg
import pytest
from tests import signals
from tests.crash.damage import damage
from tests.crash.test_kill import NO_SETTINGS
from tests.crash.writers import (
    KILLS,
    PATIENCE,
    Writer,
    after,
    connection_to,
    journaled,
    killed_while_writing,
    ready,
    writers_on,
)
from tests.postgres import Cluster
from tests.running import Running

from sayso.storage import store as stores

#: SAYSO_DATABASE_TIMEOUT here, and what a machine that recovers a database may add, in seconds.
TIMEOUT = 2
MARGIN = 2.0

_CHOICES = "SELECT request_id FROM ledger"
_TWICE = "SELECT request_id FROM ledger WHERE request_id <> '' GROUP BY request_id HAVING count(*) > 1"
_REVISIONS = "SELECT encode(contact_id, 'hex') AS contact_id, revision FROM contacts"
_EVENTS = "SELECT encode(contact_id, 'hex') AS contact_id, count(*) AS events FROM events GROUP BY 1"
_OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    with cluster.database() as made:
        yield made


@pytest.fixture
def settings(url: str) -> dict[str, str]:
    return {"SAYSO_DATABASE_URL": url, "SAYSO_DATABASE_TIMEOUT": str(TIMEOUT)}


def test_a_killed_server_has_lost_nothing(
    tmp_path: Path,
    start: Callable[..., Running],
    chance: random.Random,
    cluster: Cluster,
    url: str,
    settings: dict[str, str],
):
    server, _ = ready(start, **settings)
    writers = writers_on(server, tmp_path, chance)
    for _ in range(KILLS):
        killed_while_writing(server, writers, partial(after, server, chance.uniform(0.05, 0.7)))
        # What the server had sent may still be done.
        until(lambda: 0 == cluster.sql(_OTHERS, url=url)[0]["count"])
        server, _ = ready(start, **settings)
        assert [] == missing(server, cluster, url, writers)
    print(f"{journaled(writers)} acknowledged changes, {KILLS} kills of the server")
    assert_verified(tmp_path, settings)


def test_a_killed_postgresql_has_lost_nothing_and_the_server_goes_on_by_itself(
    tmp_path: Path,
    start: Callable[..., Running],
    chance: random.Random,
    cluster: Cluster,
    url: str,
    settings: dict[str, str],
):
    server, _ = ready(start, **settings, SAYSO_WORKERS="2")
    writers = writers_on(server, tmp_path, chance)
    recoveries = []
    with writing(server, writers) as stop:
        for _ in range(KILLS):
            stop.wait(chance.uniform(0.05, 0.5))
            chance.choice(DEATHS)(cluster)
            began = monotonic()
            done = [writer.acknowledged for writer in writers]
            until(lambda done=done: all(writer.acknowledged > was for writer, was in zip(writers, done, strict=True)))
            recoveries.append(monotonic() - began)
    refusals = [why for writer in writers for why in writer.refused]

    print(f"{journaled(writers)} acknowledged changes, {KILLS} kills of PostgreSQL, {len(refusals)} refusals")
    print(f"all write again within {max(recoveries):.2f} s, the slowest answer took {slowest(writers):.2f} s")
    assert [] == [wrong for writer in writers for wrong in writer.lost]
    assert [] == missing(server, cluster, url, writers)
    assert refusals
    assert slowest(writers) < TIMEOUT + MARGIN
    assert_verified(tmp_path, settings)


def postmaster_alone(cluster: Cluster) -> None:
    """Its processes see that it is gone, and go too."""
    killed(cluster, [cluster.pid])


def all_at_once(cluster: Cluster) -> None:
    killed(cluster, signals.family(cluster.pid))


def one_session(cluster: Cluster) -> None:
    """The postmaster takes shared memory for damaged: it ends all sessions and recovers, as after any crash."""
    sessions = cluster.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'sayso'")
    others = signals.children(cluster.pid)
    signals.send([sessions[0]["pid"]], signal.SIGKILL)
    until(lambda: not any(map(signals.is_alive, others)))
    until(lambda: answers(cluster))


DEATHS = (postmaster_alone, all_at_once, one_session)


def killed(cluster: Cluster, processes: list[int]) -> None:
    family = signals.family(cluster.pid)
    signals.send(processes, signal.SIGKILL)
    # A new postmaster does not start as long as an old process holds the shared memory.
    until(lambda: not any(map(signals.is_alive, family)))
    # They name a process that may be dead and unburied, which a new postmaster takes for alive.
    for lock in (cluster.data / "postmaster.pid", *cluster.folder.glob(".s.PGSQL.*.lock")):
        lock.unlink(missing_ok=True)
    cluster.start()


def answers(cluster: Cluster) -> bool:
    try:
        return bool(cluster.sql("SELECT 1"))
    except (OSError, asyncpg.PostgresError):
        return False


@contextmanager
def writing(server: Running, writers: list[Writer]) -> Iterator[threading.Event]:
    stop = threading.Event()
    threads = [threading.Thread(target=writer.write_until, args=(stop, server.url, server.token)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(2 * PATIENCE)


def until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    pause = threading.Event()
    while not holds():
        assert monotonic() < deadline
        pause.wait(0.01)


def slowest(writers: list[Writer]) -> float:
    return max(writer.slowest for writer in writers)


def missing(server: Running, cluster: Cluster, url: str, writers: list[Writer]) -> list[str]:
    """What is not as acknowledged: in what the server answers, in the rows, and in the chains."""
    found = []
    with closing(connection_to(server.url)) as connection:
        for writer in writers:
            if writer.contact_id:
                found += writer.differences(*writer.look(connection, server.token))
    requests = {row["request_id"] for row in cluster.sql(_CHOICES, url=url)}
    revisions = {row["contact_id"]: row["revision"] for row in cluster.sql(_REVISIONS, url=url)}
    events = {row["contact_id"]: row["events"] for row in cluster.sql(_EVENTS, url=url)}
    found += [f"request {row['request_id']}: done twice" for row in cluster.sql(_TWICE, url=url)]
    found += [f"contact {one}: {events.get(one)} events" for one in revisions if events.get(one) != revisions[one]]
    found += [wrong for writer in writers for wrong in writer.unrecorded(requests, revisions)]
    return found + asyncio.run(_damage(url))


async def _damage(url: str) -> list[str]:
    store = await stores.postgres(url)
    try:
        return [wrong for workspace in await store.workspace.all() for wrong in await damage(store, workspace.id)]
    finally:
        await store.close()


def assert_verified(folder: Path, settings: dict[str, str]) -> None:
    verified = subprocess.run(
        [sys.executable, "-m", "sayso", "verify"],
        cwd=folder,
        env={**NO_SETTINGS, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == verified.returncode, verified.stdout + verified.stderr
