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
from dataclasses import dataclass
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
    Writer,
    after,
    connection_to,
    journaled,
    killed_while_writing,
    ready,
    writers_on,
)
from tests.machine import DEADLINE
from tests.postgres import Cluster, settings_of, store_on
from tests.running import Running

#: SAYSO_DATABASE_TIMEOUT here, in seconds.
TIMEOUT = 4

_CHOICES = "SELECT request_id FROM ledger"
_TWICE = "SELECT request_id FROM ledger WHERE request_id <> '' GROUP BY request_id HAVING count(*) > 1"
_REVISIONS = "SELECT encode(contact_id, 'hex') AS contact_id, revision FROM contacts"
_EVENTS = "SELECT encode(contact_id, 'hex') AS contact_id, count(*) AS events FROM events GROUP BY 1"
_OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


@dataclass
class Case:
    """A server on a PostgreSQL, and writers that have a journal each."""

    folder: Path
    cluster: Cluster
    url: str
    chance: random.Random
    start: Callable[..., Running]
    environment: dict[str, str]

    def begin(self, **environment: str) -> None:
        self.environment |= environment
        self.restart()
        self.writers = writers_on(self.server, self.folder, self.chance)

    def restart(self) -> None:
        self.server, _ = ready(self.start, **self.environment)

    @property
    def slowest(self) -> float:
        return max(writer.slowest for writer in self.writers)

    def look(self, sql: str) -> list[asyncpg.Record]:
        return self.cluster.sql(sql, url=self.url)

    def missing(self) -> list[str]:
        """What is not as acknowledged: in what the server answers, in the rows, and in the chains."""
        found = []
        with closing(connection_to(self.server.url)) as connection:
            for writer in self.writers:
                if writer.contact_id:
                    found += writer.differences(*writer.look(connection, self.server.token))
        requests = {row["request_id"] for row in self.look(_CHOICES)}
        revisions = {row["contact_id"]: row["revision"] for row in self.look(_REVISIONS)}
        events = {row["contact_id"]: row["events"] for row in self.look(_EVENTS)}
        found += [f"request {row['request_id']}: done twice" for row in self.look(_TWICE)]
        found += [f"contact {one}: {events.get(one)} events" for one in revisions if events.get(one) != revisions[one]]
        found += [wrong for writer in self.writers for wrong in writer.unrecorded(requests, revisions)]
        return found + asyncio.run(_damage(self.url))

    def assert_verified(self) -> None:
        verified = subprocess.run(
            [sys.executable, "-m", "sayso", "verify"],
            cwd=self.folder,
            env={**NO_SETTINGS, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == verified.returncode, verified.stdout + verified.stderr


@pytest.fixture
def case(tmp_path: Path, cluster: Cluster, database: str, chance: random.Random, start: Callable[..., Running]) -> Case:
    return Case(tmp_path, cluster, database, chance, start, settings_of(database, TIMEOUT))


def test_a_killed_server_has_lost_nothing(case: Case):
    case.begin()
    for _ in range(KILLS):
        killed_while_writing(case.server, case.writers, partial(after, case.server, case.chance.uniform(0.05, 0.7)))
        # What the server had sent may still be done.
        until(lambda: 0 == case.look(_OTHERS)[0]["count"])
        case.restart()
        assert [] == case.missing()
    print(f"{journaled(case.writers)} acknowledged changes, {KILLS} kills of the server")
    case.assert_verified()


def test_a_killed_postgresql_has_lost_nothing_and_the_server_goes_on_by_itself(case: Case):
    case.begin(SAYSO_WORKERS="2")
    recoveries = []
    with writing(case.server, case.writers) as stop:
        for _ in range(KILLS):
            stop.wait(case.chance.uniform(0.05, 0.5))
            case.chance.choice(DEATHS)(case.cluster)
            recoveries.append(until_all_write(case.writers))
    refusals = [why for writer in case.writers for why in writer.refused]

    print(f"{journaled(case.writers)} acknowledged changes, {KILLS} kills of PostgreSQL, {len(refusals)} refusals")
    print(f"all write again within {max(recoveries):.2f} s, the slowest answer took {case.slowest:.2f} s")
    assert [] == [wrong for writer in case.writers for wrong in writer.lost]
    assert [] == case.missing()
    assert refusals
    case.assert_verified()


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
    assert signals.ended(others, DEADLINE)
    until(lambda: answers(cluster))


DEATHS = (postmaster_alone, all_at_once, one_session)


def killed(cluster: Cluster, processes: list[int]) -> None:
    family = signals.family(cluster.pid)
    signals.send(processes, signal.SIGKILL)
    # A new postmaster does not start as long as an old process holds the shared memory.
    assert signals.ended(family, DEADLINE)
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
            thread.join(DEADLINE)


def until(holds: Callable[[], bool]) -> None:
    """Asked of the database each time, which takes its time."""
    deadline = monotonic() + DEADLINE
    while not holds():
        assert monotonic() < deadline


def until_all_write(writers: list[Writer]) -> float:
    """How many seconds it took."""
    began = monotonic()
    for writer in writers:
        writer.wrote.clear()
    for writer in writers:
        assert writer.wrote.wait(DEADLINE)
    return monotonic() - began


async def _damage(url: str) -> list[str]:
    store = await store_on(url)
    try:
        return [wrong for workspace in await store.workspace.all() for wrong in await damage(store, workspace.id)]
    finally:
        await store.close()
