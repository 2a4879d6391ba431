"""What requests cost by the number of what a user can have many of: SQLite, 1 connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import servers, wrk
from benchmarks.asking import ask
from benchmarks.growing import THINGS, Thing, World, begin
from benchmarks.results import Growth, GrowthSample
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region
from sayso.storage.sqlite import SqliteEngine, connect
from sayso.storage.store import SqlStore, bring_up_to_date

#: Requests that are not counted, before those that are.
_WARMING = 10

_MANY = 10**9

Tell = Callable[[GrowthSample], None]


def measured(rounds: int, seconds: float, folder: Path, tell: Tell, *, most: int = 10_000, only: str = "") -> Growth:
    """Up to `most` of each; `only`: things whose names have this in them."""
    samples = []
    for thing in THINGS:
        if only in thing.name:
            for sample in _of(thing, most, rounds, seconds, folder / thing.name.replace(" ", "-")):
                samples.append(sample)
                tell(sample)
    return Growth(datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), rounds, samples)


def _of(thing: Thing, most: int, rounds: int, seconds: float, folder: Path) -> list[GrowthSample]:
    folder.mkdir(parents=True)
    database = folder / "sayso.db"
    bring_up_to_date(database, now())
    samples: list[GrowthSample] = []
    world, made = None, 0
    for number in thing.numbers:
        if number > most:
            break
        world = asyncio.run(grown(database, world, thing, made, number))
        made = number
        with servers.sayso(folder, database) as server:
            # It looks through all workspaces when it starts.
            wrk.settled(server)
            costs: dict[str, list[float]] = {}
            for _ in range(rounds):
                for name, following in thing.requests(world).items():
                    ask(server, following, 1, _MANY, _WARMING)
                    costs.setdefault(name, []).append(ask(server, following, 1, seconds, _MANY).server_us)
        samples += [GrowthSample(thing.name, number, name, round(median(each), 1)) for name, each in costs.items()]
    return samples


async def grown(database: Path, world: World | None, thing: Thing, made: int, number: int) -> World:
    """Make more of it, with no server: without syncs, since nothing is lost that could not be made again."""
    store = SqlStore(SqliteEngine(partial(connect, database, synchronous="OFF"), checkpoints=True, timeout=600))
    region = Region.on("us", store, now, RandomIds())
    try:
        if world is None:
            world = await begin(region)
        world.region = region
        for each in range(made + 1, number + 1):
            await thing.make(world, each)
    finally:
        await store.close()
    return world
