"""The portions that follow a merge or a deletion: in the request's time, or after it, and when the store is away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import copy_context

import pytest
from tests.cast import AUTHOR, Clock
from tests.conftest import KINDS
from tests.storage.conftest import ACME, workspace
from tests.storage.event_moves import PORTION, begin_merge, doings, pair, union

from sayso.domain.data_event import Doings
from sayso.domain.errors import Unavailable
from sayso.server import finishing
from sayso.service.ids import RandomIds
from sayso.service.patience import PATIENCE, WAITING_SINCE
from sayso.service.ports_data_event import EventMove
from sayso.service.region import Region, Regions
from sayso.storage import data_event
from sayso.storage.store import SqlStore

__all__ = ["workspace"]

pytestmark = pytest.mark.parametrize("store", [kind for kind in KINDS if kind != "memory"], indirect=True)

Move = Callable[[EventMove], Awaitable[None]]


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_event, "PORTION", PORTION)


def refuse(store: SqlStore, times: int) -> None:
    """Let the store refuse so many portions."""
    move_portion: Move = store.data_event.move_portion
    left = times

    async def refuse_or_move(move: EventMove) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Unavailable("away", 0)
        await move_portion(move)

    store.data_event.move_portion = refuse_or_move  # type: ignore[method-assign]


async def test_a_merge_is_no_failure_when_the_store_is_away_between_portions(store: SqlStore, workspace):
    both = await pair(store, random.Random(1))
    wanted = union(await doings(store, both.user.id), await doings(store, both.lead.id))
    refuse(store, 3)

    region = Region.on("us", store, Clock(), RandomIds())
    await region.merges.merge(AUTHOR, ACME, both.lead.id, both.user.id, duplicates_only=False)

    assert wanted == await doings(store, both.user.id)
    assert set() == region.data_event_moves.background.tasks


async def test_a_request_whose_time_is_up_is_answered_and_what_is_left_follows(store: SqlStore, workspace):
    both = await pair(store, random.Random(2))
    wanted = union(await doings(store, both.user.id), await doings(store, both.lead.id))
    region = Region.on("us", store, Clock(), RandomIds())
    await begin_merge(store, both)
    loop, context = asyncio.get_running_loop(), copy_context()
    context.run(WAITING_SINCE.set, loop.time() - PATIENCE)

    await loop.create_task(region.data_event_moves.finish(ACME, both.lead.id), context=context)

    assert [both.lead.id] == await store.data_event.moves(ACME)
    await asyncio.gather(*region.data_event_moves.background.tasks)
    assert wanted == await doings(store, both.user.id)


async def test_a_server_finishes_moves_before_it_is_ready(store: SqlStore, workspace):
    both = await pair(store, random.Random(3))
    await begin_merge(store, both)
    region = Region.on("us", store, Clock(), RandomIds())

    async with finishing(Regions({"us": region}, {}, "us")):
        assert [] == await store.data_event.moves(ACME)
        assert Doings() == await doings(store, both.lead.id)


async def test_a_server_whose_store_is_away_at_its_start_finishes_moves_when_it_is_back(store: SqlStore, workspace):
    both = await pair(store, random.Random(4))
    wanted = union(await doings(store, both.user.id), await doings(store, both.lead.id))
    await begin_merge(store, both)
    region = Region.on("us", store, Clock(), RandomIds())
    refuse(store, 2)

    async with finishing(Regions({"us": region}, {}, "us")):
        await asyncio.gather(*region.data_event_moves.background.tasks)
        assert wanted == await doings(store, both.user.id)
