"""Of all processes on a PostgreSQL database, one at a time begins."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.cast import TOKEN
from tests.machine import DEADLINE
from tests.postgres import store_on

from sayso.domain.errors import Unavailable
from sayso.service.first_start import begin
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region
from sayso.storage.postgres_migrate import bring_up_to_date


async def test_servers_that_begin_at_once_make_one_workspace_and_one_token_of_a_value(database: str):
    """Each as a process of its own would, on connections of its own."""
    async with AsyncExitStack() as stack:
        await bring_up_to_date(database, now())
        regions = []
        for _ in range(4):
            opened = await store_on(database)
            stack.push_async_callback(opened.close)
            regions.append(Region.on("us", opened, now, RandomIds()))
        await asyncio.gather(*(begin(region, TOKEN, with_demo=True) for region in regions))

        workspaces = await regions[0].workspaces.all()
        assert ["My workspace"] == [workspace.name for workspace in workspaces]
        tokens = await regions[0].access.all(workspaces[0].id)
        assert ["bootstrap", *["demo, replaced at each start"] * 4] == sorted(token.name for token in tokens)
        assert 4 == len(await regions[0].types.all(workspaces[0].id))


async def test_the_next_one_is_let_in_when_one_fails(database: str):
    opened = await store_on(database)
    inside = []
    with pytest.raises(Unavailable):
        async with opened.alone():
            raise Unavailable("the first one failed")
    async with asyncio.timeout(DEADLINE), opened.alone():
        inside.append(True)
    await opened.close()

    assert [True] == inside
