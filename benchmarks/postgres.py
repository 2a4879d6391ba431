"""The same on PostgreSQL: our server with one worker and with two, pgbench, and the user's stack, on one cluster.

The cluster is our own, on this machine, with fsync on. Everybody is on whatever core the kernel gives them.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from benchmarks import cpu, servers
from benchmarks.cluster import NONE_FOUND, Cluster, binaries
from benchmarks.load import prepared
from benchmarks.peers import fastapi_orm
from benchmarks.pgbench import COPY, ROLE, Pgbench, is_there
from benchmarks.results import Postgres, Sample, Worker, Written
from benchmarks.servers import Server
from benchmarks.targets import OURS, PEER, WORKERS
from benchmarks.wrk import Load
from sayso.service.ids import now
from sayso.storage import copy
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.url import DatabaseUrl

Done = TypeVar("Done")

CONNECTIONS = 64

#: Room for all that is stored and logged here. Autovacuum would run on after a write load, in somebody else's turn; a
#: checkpoint would count against whoever writes next.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
}

_LOG = "SELECT pg_current_wal_insert_lsn() - '0/0'"
_SIZE = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"""
# All of it in PostgreSQL's own memory, for everybody: loading leaves some tables there, and others not.
_WARM = (
    "VACUUM (ANALYZE)",
    "CREATE EXTENSION pg_prewarm",
    """SELECT sum(pg_prewarm(oid)) FROM pg_class
    WHERE relkind IN ('r', 'i') AND relnamespace IN ('public'::regnamespace, 'pgbench'::regnamespace, 'orm'::regnamespace)""",
)

_ROWS = "SELECT count(*) FROM ledger"

#: The user's stack has tables of its own in our database, found by a role of its own.
_PEER = ("CREATE SCHEMA orm", "CREATE ROLE orm SUPERUSER LOGIN", "ALTER ROLE orm SET search_path = orm")

#: Long enough for every server to open its connections.
_WARMING = 1

_PATIENCE = 600


def why_not() -> str:
    """Why nothing can be measured here; nothing where it can."""
    folder = binaries()
    if folder is None:
        return NONE_FOUND
    return "" if is_there(folder) else "no pgbench found (on Debian: apt-get install postgresql)"


def counts_statements() -> bool:
    """Whether the server has pg_stat_statements, which Debian's has."""
    folder = binaries()
    return folder is not None and (folder.parent / "lib" / "pg_stat_statements.so").exists()


def measured(
    rounds: int,
    seconds: float,
    contacts: int,
    pool_sizes: tuple[int, ...],
    folder: Path,
    tell: Callable[[Sample], None],
) -> Postgres:
    """`tell` hears of each sample. Not to be called where `why_not` has an answer."""
    with Cluster(**SETTINGS) as cluster, ExitStack() as stack:
        database, ids = prepared(contacts)
        began = time.perf_counter()
        url = run(filled(cluster, database))
        load_seconds, size = time.perf_counter() - began, asked(url, _SIZE)
        run(run_statements(cluster.url, *ROLE))
        pgbench = pgbench_on(cluster, url, contacts, seconds, folder)
        peer = _peer(cluster)
        # What was loaded is written out now, and not while somebody is measured.
        run(run_statements(url, *_WARM))
        os.sync()
        ours = servers.sayso_on(cluster, folder, url), servers.sayso_on(cluster, folder, url, WORKERS, workers=2)
        started = [stack.enter_context(server) for server in ours]
        started += [stack.enter_context(servers.orm(folder, peer, pool, cluster)) for pool in pool_sizes]
        for server in started:
            Load(ids, contacts, _WARMING).sample(server, "GET", CONNECTIONS)
        load = Load(ids, contacts, seconds)
        rows = {place: asked(place, _ROWS) for place in {str(server.database) for server in started}}
        samples = []
        for sample in _turns(rounds, cluster, started, pgbench, load):
            samples.append(sample)
            tell(sample)
        return Postgres(
            version=str(asked(url, "SELECT current_setting('server_version')")).split()[0],
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            rounds=rounds,
            seconds=seconds,
            contacts=contacts,
            contact_bytes=float(size) / contacts,
            load_seconds=load_seconds,
            samples=samples,
            written=_written(started, samples, rows),
            workers=[_worker(pid) for pid in cpu.children(started[1].group)],
        )


def _turns(rounds: int, cluster: Cluster, started: list[Server], pgbench: Pgbench, load: Load) -> Iterator[Sample]:
    """One after the other inside a round, so that they share the machine's moods."""
    for round_ in range(rounds):
        for method in ("GET", "POST"):
            for server in started:
                before = asked(cluster.url, _LOG)
                sample = load.sample(server, method, CONNECTIONS, round_)
                yield replace(sample, log_bytes=int(asked(cluster.url, _LOG) - before))
            yield pgbench.sample(method, CONNECTIONS, round_)


async def filled(cluster: Cluster, database: Path, name: str = OURS) -> str:
    """The contacts of a file, copied as `sayso migrate --to` copies them; it would verify them too."""
    await run_statements(cluster.url, f"CREATE DATABASE {name}")
    url = cluster.url_of(name)
    await bring_up_to_date(url, now())
    await copy.copy(database, DatabaseUrl(url), _PATIENCE, lambda table, rows: None)
    await copy.finish(DatabaseUrl(url), _PATIENCE)
    return url


def pgbench_on(cluster: Cluster, url: str, contacts: int, seconds: float, folder: Path) -> Pgbench:
    """pgbench, with tables of its own beside those of a database that was filled; its role has to be there."""
    run(run_statements(url, *COPY))
    workspace_id = asked(url, "SELECT workspace_id FROM workspaces")
    return Pgbench(cluster, _as("pgbench", url), workspace_id, contacts, seconds, folder)


def _peer(cluster: Cluster) -> str:
    url = cluster.url_of(OURS)
    run(run_statements(url, *_PEER))
    run(fastapi_orm.fill(_as("orm", url)))
    return _as("orm", url)


def _as(role: str, url: str) -> str:
    return url.replace("//sayso@", f"//{role}@")


def _written(started: list[Server], samples: list[Sample], rows: dict[str, int]) -> list[Written]:
    """By database: those of our server with one worker and with two write to the same one."""
    found = []
    for place, before in rows.items():
        names = [server.name for server in started if server.database == place]
        posts = [sample for sample in samples if sample.server in names and sample.method == "POST"]
        answered = sum(sample.requests - sample.refused for sample in posts)
        found.append(Written(names[0], answered, asked(place, _ROWS) - before))
    return sorted(found, key=lambda written: (written.server.startswith(PEER), written.server))


def _worker(pid: int) -> Worker:
    held = cpu.memory_of(pid)
    return Worker(cpu.proportional(pid), held.private, held.resident)


async def run_statements(url: str, *statements: str) -> list[Any]:
    """The last one's rows."""
    connection = await asyncpg.connect(url, timeout=_PATIENCE)
    try:
        return [await connection.fetch(sql) for sql in statements][-1]
    finally:
        await connection.close()


def asked(url: str, sql: str) -> Any:
    return run(run_statements(url, sql))[0][0]


def run(work: Coroutine[Any, Any, Done]) -> Done:
    return asyncio.run(work)
