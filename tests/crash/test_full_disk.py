"""The disk is full, or fails: callers hear 503, reads go on, nothing acknowledged is lost, and it mends by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw
import httpx2
import pytest
from tests.cast import TOKEN, Clock, draft
from tests.crash.damage import damage
from tests.crash.vfs import Disk
from tests.running import Running

from sayso.domain.access import ALL_SCOPES
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.server import surfaces
from sayso.service.ids import RandomIds
from sayso.service.region import Region, Regions
from sayso.storage import sqlite
from sayso.storage.migrate import migrate
from sayso.storage.store import SqlStore


@dataclass(repr=False)
class Shop:
    """A workspace with one opt_in type, on a disk that fails when told to, and a client that calls it."""

    region: Region
    workspace_id: str
    type_id: str
    client: httpx2.AsyncClient
    opened: list[apsw.Connection]

    async def contact(self, name: str) -> httpx2.Response:
        return await self.client.post("/contacts", json={"external_id": name, "name": name * 50})

    async def attach(self, contact_id: str) -> httpx2.Response:
        return await self.client.post(f"/contacts/{contact_id}/subscriptions", json={"id": self.type_id})

    async def attached(self, contact_id: str) -> list[str]:
        answer = await self.client.get(f"/contacts/{contact_id}/subscriptions")
        assert 200 == answer.status_code
        return [type_["id"] for type_ in answer.json()["data"]]

    async def entries(self, contact_id: str) -> int:
        return len(await self.region.store.ledger.chain(self.workspace_id, contact_id))

    async def damage(self) -> list[str]:
        return await damage(self.region.store, self.workspace_id)


@pytest.fixture
async def shop(tmp_path: Path, disk: Disk, clock: Clock) -> AsyncIterator[Shop]:
    opened: list[apsw.Connection] = []

    def connect() -> apsw.Connection:
        opened.append(sqlite.connect(tmp_path / "sayso.db", vfs=disk.name))
        return opened[-1]

    migrate(connect(), clock())
    store = SqlStore(sqlite.SqliteEngine(connect, checkpoints=True))
    region = Region.on("us", store, clock, RandomIds())
    workspace = await region.workspaces.create("Acme")
    await region.access.create(workspace.id, "all", ALL_SCOPES, "us", TOKEN)
    type_ = await region.types.create(workspace.id, draft("opt_in"))
    async with client_on(region, clock) as client:
        yield Shop(region, workspace.id, type_.id, client, opened)
    disk.quota = None
    await store.close()


def client_on(region: Region, clock: Clock) -> httpx2.AsyncClient:
    app = surfaces(Regions({"us": region}, {}, "us"), Windows(0), Tally(), clock, RandomIds())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://sayso.test", headers=headers)


def assert_unavailable(answer: httpx2.Response) -> None:
    """The documented form of "not now, try again"."""
    assert 503 == answer.status_code, answer.text
    body = answer.json()
    assert "error.list" == body["type"]
    assert ["service_unavailable"] == [error["code"] for error in body["errors"]]
    assert answer.headers["X-Request-Id"] == body["request_id"]
    assert int(answer.headers["Retry-After"]) > 0


async def fill(shop: Shop, disk: Disk, room: int = 200_000) -> tuple[list[str], httpx2.Response]:
    """Create contacts until there is no room for more; the ids of those acknowledged, and the first refusal."""
    disk.quota = sum(disk.sizes.values()) + room
    made: list[str] = []
    while True:
        answer = await shop.contact(f"person-{len(made)}")
        if answer.status_code != 200:
            return made, answer
        made.append(answer.json()["id"])


async def test_a_full_disk_answers_503_with_a_reason_and_reads_go_on(shop: Shop, disk: Disk):
    made, refused = await fill(shop, disk)

    assert_unavailable(refused)
    assert "The disk is full; nothing was written" == refused.json()["errors"][0]["message"]
    assert [200] * len(made) == [(await shop.client.get(f"/contacts/{one}")).status_code for one in made]
    assert len(made) == (await shop.client.get("/contacts")).json()["total_count"]


async def test_a_server_on_a_full_disk_is_not_ready_until_there_is_room(shop: Shop, disk: Disk):
    assert 200 == (await shop.client.get("/readyz")).status_code
    await fill(shop, disk)

    unready = await shop.client.get("/readyz")
    disk.quota = None
    ready = await shop.client.get("/readyz")

    assert (503, "unavailable") == (unready.status_code, unready.json()["status"])
    assert ["us: The disk is full; nothing was written"] == unready.json()["reasons"]
    assert (200, "ok") == (ready.status_code, ready.json()["status"])


async def test_writes_come_back_without_a_restart_when_there_is_room(shop: Shop, disk: Disk):
    made, _ = await fill(shop, disk)

    disk.quota = None
    answers = [(await shop.attach(one)).status_code for one in made]

    assert [200] * len(made) == answers
    assert [[shop.type_id]] * len(made) == [await shop.attached(one) for one in made]
    assert [] == await shop.damage()


async def test_a_batch_that_does_not_fit_lets_in_what_does(shop: Shop, disk: Disk):
    disk.quota = sum(disk.sizes.values()) + 60_000

    answers = await asyncio.gather(*(shop.contact(f"person-{number}") for number in range(64)))
    told = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    disk.quota = None

    assert {200, 503} == {answer.status_code for answer in answers}
    assert len(told) == (await shop.client.get("/contacts")).json()["total_count"]
    assert [] == await shop.damage()


async def test_a_failed_write_answers_503_and_the_next_one_works(shop: Shop, disk: Disk):
    alice = (await shop.contact("alice")).json()["id"]
    disk.failing_writes = 1

    failed = await shop.attach(alice)
    again = await shop.attach(alice)

    assert_unavailable(failed)
    assert 200 == again.status_code
    assert 1 == await shop.entries(alice)
    assert [] == await shop.damage()


async def test_a_failed_read_answers_503_and_the_next_one_works(shop: Shop, disk: Disk):
    alice = (await shop.contact("alice")).json()["id"]
    disk.failing_reads = 1

    failed = await shop.client.get(f"/contacts/{alice}")
    again = await shop.client.get(f"/contacts/{alice}")
    written = await shop.attach(alice)

    assert_unavailable(failed)
    assert [200, 200] == [again.status_code, written.status_code]
    assert [shop.type_id] == await shop.attached(alice)


async def test_after_a_failed_sync_every_caller_hears_that_it_is_not_known(shop: Shop, disk: Disk):
    people = [(await shop.contact(f"person-{number}")).json()["id"] for number in range(8)]
    disk.failing_syncs = 1

    answers = await asyncio.gather(*(shop.attach(one) for one in people))

    for answer in answers:
        assert_unavailable(answer)
        assert "it is not known whether this was written" in answer.json()["errors"][0]["message"]
    assert [] == await shop.damage()


async def test_a_failed_sync_is_never_repeated_on_the_connection_it_failed_on(shop: Shop, disk: Disk):
    alice = (await shop.contact("alice")).json()["id"]
    connections, before = len(shop.opened), len(disk.record)
    disk.failing_syncs = 1

    await shop.attach(alice)
    syncs = [step.what for step in disk.record[before:] if "sync" in step.what]
    await shop.attach(alice)

    assert ["failed sync"] == syncs
    assert connections + 1 == len(shop.opened)


async def test_an_act_of_unknown_outcome_is_written_once_when_it_is_tried_again(shop: Shop, disk: Disk):
    alice = (await shop.contact("alice")).json()["id"]
    disk.failing_syncs = 1

    first = await shop.attach(alice)
    second = await shop.attach(alice)
    third = await shop.attach(alice)

    assert [503, 200, 200] == [answer.status_code for answer in (first, second, third)]
    assert [shop.type_id] == await shop.attached(alice)
    assert 1 == await shop.entries(alice)
    assert [] == await shop.damage()


async def test_a_change_found_written_after_an_unclear_answer_is_not_written_again(
    tmp_path: Path, shop: Shop, disk: Disk
):
    """The sync fails, but the log is whole on the disk: whoever recovers it finds the change there."""
    alice = (await shop.contact("alice")).json()["id"]
    disk.failing_syncs = 1
    assert_unavailable(await shop.attach(alice))

    copied = tmp_path / "copied.db"
    copied.write_bytes((tmp_path / "sayso.db").read_bytes())
    copied.with_name("copied.db-wal").write_bytes((tmp_path / "sayso.db-wal").read_bytes())
    store = SqlStore(sqlite.SqliteEngine(partial(sqlite.connect, copied)))
    clock = Clock()
    async with client_on(Region.on("us", store, clock, RandomIds()), clock) as shop.client:
        found = await shop.attached(alice)
        again = await shop.attach(alice)

    assert [shop.type_id] == found
    assert 200 == again.status_code
    assert 1 == len(await store.ledger.chain(shop.workspace_id, alice))
    assert [] == await damage(store, shop.workspace_id)
    await store.close()


async def test_a_database_that_may_only_be_read_answers_reads_and_refuses_writes_with_503(
    tmp_path: Path, shop: Shop, clock: Clock
):
    alice = (await shop.contact("alice")).json()["id"]

    def connect() -> apsw.Connection:
        return apsw.Connection(str(tmp_path / "sayso.db"), flags=apsw.SQLITE_OPEN_READONLY)

    store = SqlStore(sqlite.SqliteEngine(connect))
    async with client_on(Region.on("us", store, clock, RandomIds()), clock) as shop.client:
        refused = await shop.attach(alice)

        assert_unavailable(refused)
        assert [] == await shop.attached(alice)
        assert 503 == (await shop.client.get("/readyz")).status_code
    await store.close()


async def test_while_another_process_writes_for_long_writers_hear_503_and_reads_go_on(
    tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 200)
    people = [(await shop.contact(f"person-{number}")).json()["id"] for number in range(64)]
    with closing(sqlite.connect(tmp_path / "sayso.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.gather(*(shop.attach(one) for one in people))
        reads = [await shop.attached(one) for one in people]
        refused = await writing
        other.execute("ROLLBACK")
    again = await asyncio.gather(*(shop.attach(one) for one in people))

    assert [[]] * 64 == reads
    for answer in refused:
        assert_unavailable(answer)
    assert {200} == {answer.status_code for answer in again}
    assert [1] * 64 == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


async def test_a_checkpoint_that_fails_costs_no_change(
    shop: Shop, disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    alice = (await shop.contact("alice")).json()["id"]
    writer = shop.region.store.engine._writer  # type: ignore[attr-defined]
    writer._due = 1
    carried = disk.sizes[str(tmp_path / "sayso.db")]
    disk.quota = sum(disk.sizes.values()) + 50_000 - carried

    answers = [await shop.attach(alice), await shop.client.delete(f"/contacts/{alice}/subscriptions/{shop.type_id}")]
    disk.quota = None

    assert all(answer.status_code in (200, 503) for answer in answers)
    assert sum(answer.status_code == 200 for answer in answers) == await shop.entries(alice)
    assert [] == await shop.damage()


async def test_a_store_on_a_full_disk_closes(tmp_path: Path, disk: Disk, shop: Shop):
    await fill(shop, disk)

    await shop.region.store.close()

    connection = sqlite.connect(tmp_path / "sayso.db")
    assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no small file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_real_server_lives_through_a_full_file_system(small_disk: Path, start: Callable[..., Running]):
    server = start("--demo", folder=small_disk)
    ballast = small_disk / "ballast"
    made: list[str] = []
    with server.client as client:
        type_id = next(
            t["id"] for t in client.get("/subscription_types").json()["data"] if t["consent_type"] == "opt_in"
        )
        space = os.statvfs(small_disk)
        ballast.write_bytes(bytes(space.f_bavail * space.f_frsize - 700_000))
        while (answer := _contact_with_choice(client, type_id, len(made))).status_code == 200:
            made.append(answer.headers["X-Contact"])
        refused = answer
        unready = client.get("/readyz")
        lists = [client.get(f"/contacts/{one}/subscriptions") for one in made]
        ballast.unlink()
        ready = client.get("/readyz")
        following = [_contact_with_choice(client, type_id, len(made) + number + 1) for number in range(40)]

    assert len(made) > 10
    assert_unavailable(refused)
    assert (503, ["us: The disk is full; nothing was written"]) == (unready.status_code, unready.json()["reasons"])
    assert [[type_id]] * len(made) == [[t["id"] for t in one.json()["data"]] for one in lists]
    assert 200 == ready.status_code
    assert [200] * 40 == [answer.status_code for answer in following]
    assert server.process.poll() is None


def _contact_with_choice(client: httpx2.Client, type_id: str, number: int) -> httpx2.Response:
    created = client.post("/contacts", json={"external_id": f"person-{number}", "name": "n" * 200})
    if created.status_code != 200:
        return created
    attached = client.post(f"/contacts/{created.json()['id']}/subscriptions", json={"id": type_id})
    attached.headers["X-Contact"] = created.json()["id"]
    return attached
