"""A deployment: the regions of the settings, each on its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sayso.service.ids import RandomIds, now
from sayso.service.region import Region, Regions
from sayso.settings import Settings, databases
from sayso.storage.database import Database, at


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Regions]:
    """The regions' services on their stores, for a server: locked where only one may serve, and up to date.

    Raises Unavailable.
    """
    ids = RandomIds()
    async with AsyncExitStack() as stack:
        regions = {}
        for name, url in databases(settings).items():
            database = at(url, settings.database_timeout)
            stack.enter_context(database.locked())
            if await database.still_pending():
                await database.bring_up_to_date(now())
            opened_store = await database.open(serving=True)
            stack.push_async_callback(opened_store.close)
            regions[name] = Region.on(name, opened_store, now, ids)
            await regions[name].workspaces.refuse_other_regions()
        hosts = {host: name for name, known in settings.regions.items() for host in known.hosts}
        yield Regions(regions, hosts, settings.region)


@asynccontextmanager
async def opened_beside(database: Database, region: str) -> AsyncIterator[Region]:
    """One region's services for a command, beside the server where one is running. Raises Unavailable."""
    if await database.still_pending():
        # Never under a server that is running: it was written for the schema it found.
        with database.locked():
            await database.bring_up_to_date(now())
    opened_store = await database.open()
    try:
        opened_region = Region.on(region, opened_store, now, RandomIds())
        await opened_region.workspaces.refuse_other_regions()
        yield opened_region
    finally:
        await opened_store.close()
