"""Connections are cut at commits, before PostgreSQL hears of them or before its answer arrives: each change is done once.

CRASH_CUTS says how often (100 unless told), CRASH_SEED where.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests import postgres
from tests.machine import DEADLINE
from tests.postgres import Cluster
from tests.proxy import Fate, Trap, Unit
from tests.storage.faults.shop import Shop, shop_on

CUTS = int(os.environ.get("CRASH_CUTS", "100"))
PEOPLE = 8


@pytest.fixture
async def shop(cluster: Cluster) -> AsyncIterator[Shop]:
    with postgres.shared(cluster) as url:
        async with shop_on(cluster, url) as opened:
            yield opened


async def test_what_is_cut_off_at_its_commit_is_done_once(shop: Shop, chance: random.Random):
    people = await shop.contacts(PEOPLE)
    stop = asyncio.Event()
    load = [asyncio.create_task(shop.toggle(one, stop)) for one in people]
    fates: Counter[Fate] = Counter()

    for _ in range(CUTS):
        fate = chance.choice((Fate.LOST, Fate.DONE))
        trap = shop.proxy.trap(Unit.commits, fate)
        await asyncio.wait_for(met(trap, load), DEADLINE)
        shop.proxy.traps.remove(trap)
        fates[fate] += 1
    stop.set()
    changes = await asyncio.gather(*load)

    print(f"{sum(changes)} changes, {fates[Fate.LOST]} cuts before their commit, {fates[Fate.DONE]} after it")
    assert changes == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


async def met(trap: Trap, load: list[asyncio.Task[int]]) -> None:
    """Wait for a trap to spring; raise what one of those who might spring it has failed with."""
    waiting = asyncio.create_task(trap.wait())
    done, _ = await asyncio.wait({waiting, *load}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
