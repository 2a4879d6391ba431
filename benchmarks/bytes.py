"""Bytes: what a contact and a change take on disk, and what each change writes to the database's log before that.

`python -m benchmarks.bytes` measures an embedded database, with `--postgres URL` an empty one of PostgreSQL: it is filled.
Bytes do not depend on how busy a machine is, so there are no rounds. bytes.json keeps them, an engine beside the other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apsw
import msgspec

from benchmarks import load
from sayso.domain.act import Author
from sayso.domain.consent import Wish
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import ConsentType, SubscriptionType
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region
from sayso.storage import store
from sayso.storage.postgres import PostgresEngine
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.sqlite import connect

FILE = Path(__file__).with_name("bytes.json")

#: Changes that are asked for at once, as when 64 connections write: half of them are in a commit, half are being answered.
TOGETHER = 32

#: So few that hardly two of them are on one page.
_FIRST = 100
_AUTHOR = Author("api_key", "loader", "api", "0" * 20)
_WISHES = {ConsentType.OPT_IN: Wish(Choice.GRANTED), ConsentType.OPT_OUT: Wish(Choice.WITHDRAWN)}


@dataclass(frozen=True, slots=True)
class Bytes:
    """Of a contact: all of its data, and its `row` alone with that table's indexes, which is what reads touch.

    `change`: what the data grew by when every contact had chosen once more, in random order. `log_first`: what a
    change wrote to the log right after a checkpoint, when PostgreSQL's log takes whole pages; `log_later`: what each of
    all of them wrote, `TOGETHER` at a time.
    """

    engine: str
    contacts: int
    contact: float
    row: float
    change: float
    log_first: float
    log_later: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """How long the log is, how large the data, and of those the contacts' rows: in bytes, of a database that is open."""

    log: Callable[[], Awaitable[int]]
    data: Callable[[], Awaitable[int]]
    rows: Callable[[], Awaitable[int]]
    checkpoint: Callable[[], Awaitable[object]]


def kept() -> dict[str, Bytes]:
    """What was measured, by engine: sqlite, postgresql."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Bytes])


async def of_sqlite(database: Path) -> Bytes:
    copy = database.with_name("bytes.db")
    shutil.copyfile(database, copy)

    async def log() -> int:
        return copy.with_name(f"{copy.name}-wal").stat().st_size

    async def data() -> int:
        with closing(connect(copy)) as connection:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return copy.stat().st_size

    async def rows() -> int:
        with closing(connect(copy)) as connection:
            sql = "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'contacts')"
            return int(connection.execute(sql).fetchall()[0][0])

    opened = store.sqlite(copy)
    try:
        region, workspace_id = await _region(opened)
        return await _measured(
            region, workspace_id, Gauge(log, data, rows, data), f"SQLite {apsw.sqlite_lib_version()}"
        )
    finally:
        await opened.close()
        for path in copy.parent.glob(f"{copy.name}*"):
            path.unlink()


async def of_postgres(url: str, contacts: int) -> Bytes:
    await bring_up_to_date(url, now())
    opened = store.SqlStore(await PostgresEngine.connect(url, timeout=60))
    try:
        assert await opened.workspace.all() == [], "measured in an empty database alone"
        await _fill(opened, contacts)
        region, workspace_id = await _region(opened)
        [(version,)] = await opened.engine.read("SELECT current_setting('server_version')")
        return await _measured(region, workspace_id, _postgres_gauge(opened), f"PostgreSQL {version}")
    finally:
        await opened.close()


def _postgres_gauge(opened: store.SqlStore) -> Gauge:
    async def number(sql: str) -> int:
        rows = await opened.engine.scan(sql)
        return int(rows[0][0])

    async def log() -> int:
        return await number("SELECT pg_current_wal_insert_lsn() - '0/0'")

    async def data() -> int:
        return await number("""SELECT sum(pg_total_relation_size(oid)) FROM pg_class
            WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace""")

    async def rows() -> int:
        return await number("SELECT pg_total_relation_size('contacts')")

    return Gauge(log, data, rows, partial(opened.engine.scan, "CHECKPOINT"))


async def _fill(opened: store.SqlStore, contacts: int) -> None:
    """What `load` writes into a file, written through the engine."""
    region = Region.on("us", opened, now, RandomIds())
    workspace = await region.workspaces.create("Benchmark")
    types = [await region.types.create(workspace.id, load._draft(number)) for number in range(load.TYPES)]
    ids, at = RandomIds(), now() - contacts - load.CHOSEN * load._BETWEEN
    for start in range(0, contacts, TOGETHER):
        some = range(start, min(contacts, start + TOGETHER))
        await asyncio.gather(
            *(load._contact(opened.contact, ids, workspace.id, types, number, at + number) for number in some)
        )


async def _region(opened: store.SqlStore) -> tuple[Region, str]:
    region = Region.on("us", opened, now, RandomIds())
    [workspace] = await opened.workspace.all()
    return region, workspace.id


async def _measured(region: Region, workspace_id: str, gauge: Gauge, engine: str) -> Bytes:
    types = {type_.id: type_ for type_ in await region.store.subscription_type.all(workspace_id)}
    ids = await _ids(region, workspace_id)
    before, rows = await gauge.data(), await gauge.rows()
    # Each contact chose the types at its number and after; this one is none of them.
    pairs = [(id_, types[str((number + load.CHOSEN) % load.TYPES + 1)]) for number, id_ in enumerate(ids)]
    random.Random(1).shuffle(pairs)
    await gauge.checkpoint()
    first = await _chosen(region, workspace_id, pairs[:_FIRST], 1, gauge)
    later = await _chosen(region, workspace_id, pairs[_FIRST:], TOGETHER, gauge)
    after = await gauge.data()
    count = len(ids)
    return Bytes(engine, count, before / count, rows / count, (after - before) / count, first, later)


async def _ids(region: Region, workspace_id: str) -> list[str]:
    found: list[str] = []
    after: tuple[int, str] | None = None
    while page := await region.store.contact.page(workspace_id, after, 5_000):
        found += [contact.id for contact in page]
        after = (page[-1].created_at, page[-1].id)
    return found


async def _chosen(
    region: Region, workspace_id: str, pairs: Sequence[tuple[str, SubscriptionType]], together: int, gauge: Gauge
) -> float:
    """Let contacts choose, so many at once, and give the bytes of log per choice."""
    # The first makes the log where there is none.
    await _choose(region, workspace_id, *pairs[0])
    before = await gauge.log()
    for start in range(1, len(pairs), together):
        some = pairs[start : start + together]
        await asyncio.gather(*(_choose(region, workspace_id, id_, type_) for id_, type_ in some))
    return (await gauge.log() - before) / (len(pairs) - 1)


async def _choose(region: Region, workspace_id: str, contact_id: str, type_: SubscriptionType) -> None:
    await region.consent.choose(_AUTHOR, workspace_id, contact_id, type_.id, lambda found: _WISHES[found.consent_type])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bytes", description=__doc__)
    parser.add_argument(
        "--postgres", metavar="URL", default=os.environ.get("SAYSO_BENCH_POSTGRES"), help="an empty database"
    )
    parser.add_argument("--contacts", type=int, default=100_000, help="how many contacts are stored (100000)")
    asked = parser.parse_args()
    found = kept() if FILE.exists() else {}
    if asked.postgres:
        found["postgresql"] = asyncio.run(of_postgres(asked.postgres, asked.contacts))
    else:
        found["sqlite"] = asyncio.run(of_sqlite(load.prepared(asked.contacts)[0]))
    for measured in found.values():
        print(measured)
    FILE.write_bytes(
        msgspec.json.format(msgspec.json.encode(dict(sorted(found.items(), reverse=True))), indent=1) + b"\n"
    )


if __name__ == "__main__":
    main()
