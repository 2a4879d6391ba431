"""Behind PgBouncer in transaction mode: `?pgbouncer=true`, and one server connection serves many of ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import asyncpg
import pytest
from tests import postgres
from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage
from tests.machine import DEADLINE, lacks

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.intercom.attached import attaching, detaching
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage.postgres_migrate import bring_up_to_date, still_pending

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

#: Fewer than ours, so that they are handed round.
SERVER_CONNECTIONS = 2


@pytest.fixture
def pooled(cluster: postgres.Cluster, database: str) -> Iterator[str]:
    """The URL of an empty database, through a pooler."""
    if not Path(PGBOUNCER).exists():
        lacks("PgBouncer is not there (on Debian: apt-get install pgbouncer)")
    reserved, pid, ini = postgres.reserved_port(), cluster.folder / "pooler.pid", cluster.folder / "pooler.ini"
    port = reserved.getsockname()[1]
    ini.write_text(f"""[databases]
* = host=127.0.0.1 port={cluster.port} user=sayso
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
pidfile = {pid}
logfile = {cluster.folder / "pooler.log"}
""")
    cluster.run(PGBOUNCER, "-q", "-d", str(ini))
    number = _number_in(pid)
    yield database.replace(f":{cluster.port}/", f":{port}/") + "?pgbouncer=true"
    os.kill(number, signal.SIGTERM)
    reserved.close()


def _number_in(pid: Path) -> int:
    deadline = monotonic() + DEADLINE
    while not (pid.exists() and pid.read_text().strip()):
        assert monotonic() < deadline
    return int(pid.read_text())


async def test_a_store_behind_a_pooler_keeps_every_choice(pooled: str, database: str):
    assert await still_pending(pooled)
    await bring_up_to_date(pooled, NOON)
    store = await postgres.store_on(pooled)
    region = Region.on("us", store, lambda: NOON, RandomIds())
    workspace = await region.workspaces.create("Acme")
    type_ = await region.types.create(workspace.id, draft("opt_in"))
    drafts = [ContactDraft(Profile(Role.USER, external_id=f"person-{number}")) for number in range(40)]

    people = await asyncio.gather(*(region.contacts.create(AUTHOR, workspace.id, one) for one in drafts))
    for wish_for in (attaching(None), detaching, attaching(None)):
        await asyncio.gather(
            *(region.consent.choose(AUTHOR, workspace.id, one.id, type_.id, wish_for) for one in people),
            *(store.contact.find(workspace.id, one.id) for one in people),
        )
    chains = [len(await store.ledger.chain(workspace.id, one.id)) for one in people]
    wrong = await damage(store, workspace.id)
    sessions = await _sessions(database)
    await store.close()

    assert [3] * 40 == chains
    assert [] == wrong
    assert sessions <= SERVER_CONNECTIONS


async def _sessions(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    finally:
        await connection.close()
