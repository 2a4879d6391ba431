"""Access: who is recognised by a token, and how many at once."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import TOKEN, Clock, draft

from sayso.domain.errors import Unauthenticated
from sayso.service.first_start import begin
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def region(store: Store, clock: Clock) -> Region:
    made = Region.on("us", store, clock, RandomIds())
    await begin(made, TOKEN, with_demo=False)
    return made


@pytest.fixture
def elsewhere(store: Store, clock: Clock) -> Region:
    """Another process on the same data."""
    return Region.on("us", store, clock, RandomIds())


async def test_all_who_come_at_once_are_recognised_with_what_another_process_changed(
    region: Region, elsewhere: Region, clock: Clock
):
    before = await region.access.authenticate(TOKEN.encode())
    await elsewhere.types.create(before.token.workspace_id, draft("opt_in"))
    clock.pass_(2_000)

    callers = await asyncio.gather(*(region.access.authenticate(TOKEN.encode()) for _ in range(8)))

    assert {before.token.id} == {caller.token.id for caller in callers}
    assert [1] * 8 == [len(caller.snapshot.types) for caller in callers]


async def test_all_who_come_at_once_are_refused_after_another_process_revoked_the_token(
    region: Region, elsewhere: Region, clock: Clock
):
    known = await region.access.authenticate(TOKEN.encode())
    await elsewhere.access.revoke(known.token.workspace_id, known.token.id)
    clock.pass_(2_000)

    told = await asyncio.gather(*(region.access.authenticate(TOKEN.encode()) for _ in range(8)), return_exceptions=True)

    assert [Unauthenticated] * 8 == [type(each) for each in told]
