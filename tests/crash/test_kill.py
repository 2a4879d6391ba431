"""The server is killed: what it acknowledged is there when it starts again.

CRASH_KILLS says how often (3 unless told) at a random moment, and as often again at a sync of the log.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from tests.crash.damage import damage
from tests.crash.writers import KILLS, Writer, after, journaled, killed_while_writing, ready, type_ids, writers_on
from tests.machine import DEADLINE, lacks
from tests.running import Running

from sayso.storage import sqlite
from sayso.storage.store import sqlite as opened

NO_SETTINGS = {name: value for name, value in os.environ.items() if not name.startswith("SAYSO_")}


def test_a_killed_server_has_lost_nothing(tmp_path: Path, start: Callable[..., Running], chance: random.Random):
    server, _ = ready(start)
    writers = writers_on(server, tmp_path, chance)
    slowest = 0.0
    for _ in range(KILLS):
        killed_while_writing(server, writers, partial(after, server, chance.uniform(0.05, 2.0)))
        server, seconds = ready(start)
        slowest = max(slowest, seconds)
        _assert_nothing_lost(server, writers, tmp_path)
    print(f"{journaled(writers)} acknowledged changes, {KILLS} kills, ready within {slowest:.2f} s of CPU")


def test_a_server_killed_in_the_middle_of_a_sync_has_lost_nothing(
    tmp_path: Path, start: Callable[..., Running], chance: random.Random
):
    server, _ = ready(start)
    writers = writers_on(server, tmp_path, chance)
    for _ in range(KILLS):
        with _Tracer(server, f"signal=SIGKILL:when={chance.randint(1, 60)}") as tracer:
            killed_while_writing(server, writers, tracer.wait)
        server, _ = ready(start)
        _assert_nothing_lost(server, writers, tmp_path)
    print(f"{journaled(writers)} acknowledged changes, {KILLS} kills at a sync")


def test_a_real_server_whose_disk_fails_to_sync_answers_503_and_goes_on(
    tmp_path: Path, start: Callable[..., Running], chance: random.Random
):
    server, _ = ready(start)
    type_id = type_ids(server)[0]
    attached, statuses = False, []
    with server.client as client, _Tracer(server, f"error=EIO:when={chance.randint(2, 5)}+{chance.randint(3, 6)}"):
        path = f"/contacts/{client.post('/contacts', json={'external_id': 'p'}).json()['id']}/subscriptions"
        for _ in range(60):
            act = client.delete(f"{path}/{type_id}") if attached else client.post(path, json={"id": type_id})
            statuses.append(act.status_code)
            listed = [type_["id"] for type_ in client.get(path).json()["data"]]
            assert act.status_code == 503 or listed == ([] if attached else [type_id])
            attached = bool(listed)
    database = tmp_path / "sayso-data" / "sayso.db"

    assert {200, 503} == set(statuses)
    assert statuses.count(503) > 5
    assert [] == _damage(database)
    server.kill()
    ready(start)
    assert [] == _damage(database)


class _Tracer:
    """strace on a running server: `fault` is what happens to its syncs from now on, in strace's words."""

    def __init__(self, server: Running, fault: str) -> None:
        self._server = server
        calls = "fdatasync,fsync"
        self._command = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}"]
        self._command += ["-e", f"inject={calls}:{fault}", "-p", str(server.process.pid)]

    def __enter__(self) -> _Tracer:
        if shutil.which("strace") is None:
            lacks("strace is not installed: no faults at the n-th sync")
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        told = self._process.stderr.readline()
        if "attached" not in told:
            self._process.wait(DEADLINE)
            lacks(f"strace cannot trace here: {told.strip()}")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        assert self._process.stderr
        self._process.stderr.close()

    def wait(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._server.process.wait(DEADLINE)
        assert self._server.process.poll() is not None, "no such sync came"


def _assert_nothing_lost(server: Running, writers: list[Writer], folder: Path) -> None:
    lost: list[str] = []
    with server.client as client:
        for writer in writers:
            if writer.contact_id:
                path = f"/contacts/{writer.contact_id}"
                listed = [type_["id"] for type_ in client.get(f"{path}/subscriptions").json()["data"]]
                lost += writer.differences(listed, client.get(path).json()["name"] or "")
    database = folder / "sayso-data" / "sayso.db"
    assert [] == lost
    assert [] == _unrecorded(database, writers)
    assert [] == _damage(database)
    verified = subprocess.run(
        [sys.executable, "-m", "sayso", "verify"],
        cwd=folder,
        env=NO_SETTINGS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == verified.returncode, verified.stdout + verified.stderr


def _unrecorded(database: Path, writers: list[Writer]) -> list[str]:
    """Acknowledged requests without their ledger entry, and contacts with fewer events than acknowledged changes."""
    with closing(sqlite.connect(database)) as connection:
        requests = {row[0] for row in connection.execute("SELECT request_id FROM ledger").fetchall()}
        events = dict(
            connection.execute("SELECT lower(hex(contact_id)), count(*) FROM events GROUP BY contact_id").fetchall()
        )
        revisions = dict(connection.execute("SELECT lower(hex(contact_id)), revision FROM contacts").fetchall())
    missing = [f"contact {contact}" for contact in revisions if events.get(contact, 0) != revisions[contact]]
    return missing + [wrong for writer in writers for wrong in writer.unrecorded(requests, revisions)]


def _damage(database: Path) -> list[str]:
    async def look() -> list[str]:
        store = opened(database)
        try:
            found = [await damage(store, workspace.id) for workspace in await store.workspace.all()]
        finally:
            await store.close()
        return [wrong for one in found for wrong in one]

    return asyncio.run(look())
