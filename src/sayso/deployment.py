"""A deployment: the regions of the settings, each on its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from sayso.service.ids import RandomIds, now
from sayso.service.ports import Clock, Store
from sayso.service.region import Region, Regions
from sayso.settings import Settings, databases
from sayso.storage.database import Database, at


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Regions]:
    """The regions' services on their stores, for a server: locked where only one may serve, and up to date.

    Raises Unavailable.
    """
    async with AsyncExitStack() as stack:
        stores = {}
        for name, database in _databases(settings).items():
            stack.enter_context(database.locked())
            if await database.still_pending():
                await database.bring_up_to_date(now())
            stores[name] = await database.open(serving=True)
            stack.push_async_callback(stores[name].close)
            for fault in (await stores[name].compare_schema()).faults:
                structlog.get_logger().warning("the schema was altered", region=name, told=fault)
        regions = on_stores(settings, stores)
        for region in regions.by_name.values():
            await region.workspaces.refuse_other_regions()
        yield regions


@asynccontextmanager
async def joined(settings: Settings) -> AsyncIterator[Regions]:
    """The same for a process that serves with others, whose parent has seen to all that. Nothing is asked of a database
    yet: one that is away just now, or was brought up to date by a later version, keeps no worker from its place."""
    async with AsyncExitStack() as stack:
        stores = {}
        for name, database in _databases(settings).items():
            stores[name] = await database.open()
            stack.push_async_callback(stores[name].close)
        yield on_stores(settings, stores)


def _databases(settings: Settings) -> dict[str, Database]:
    return {name: at(url, settings.database_timeout) for name, url in databases(settings).items()}


def on_stores(settings: Settings, stores: Mapping[str, Store], clock: Clock = now) -> Regions:
    """The regions' services on stores that are open."""
    ids = RandomIds()
    hosts = {host: name for name, known in settings.regions.items() for host in known.hosts}
    return Regions({name: Region.on(name, store, clock, ids) for name, store in stores.items()}, hosts, settings.region)


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
