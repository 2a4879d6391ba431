"""A deployment: the regions of the settings, each on its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sayso.service.ids import RandomIds, now
from sayso.service.region import Region, Regions
from sayso.settings import Settings, databases
from sayso.storage import store


@asynccontextmanager
async def opened(settings: Settings, *, serving: bool = True) -> AsyncIterator[Regions]:
    """The regions' services on their stores. `serving`: hold the locks, migrate, and checkpoint. Raises Unavailable."""
    ids = RandomIds()
    async with AsyncExitStack() as stack:
        regions = {}
        for name, path in databases(settings).items():
            if serving:
                stack.enter_context(store.locked(path))
            _bring_up_to_date(path, locked=serving)
            opened_store = store.sqlite(path, checkpoints=serving)
            stack.push_async_callback(opened_store.close)
            regions[name] = Region.on(name, opened_store, now, ids)
            await regions[name].workspaces.refuse_other_regions()
        hosts = {host: name for name, known in settings.regions.items() for host in known.hosts}
        yield Regions(regions, hosts, settings.region)


@asynccontextmanager
async def opened_beside(path: Path, region: str) -> AsyncIterator[Region]:
    """One region's services for a command, beside the server where one is running. Raises Unavailable."""
    _bring_up_to_date(path, locked=False)
    opened_store = store.sqlite(path)
    try:
        opened_region = Region.on(region, opened_store, now, RandomIds())
        await opened_region.workspaces.refuse_other_regions()
        yield opened_region
    finally:
        await opened_store.close()


def _bring_up_to_date(path: Path, *, locked: bool) -> None:
    if not store.still_pending(path):
        return
    if locked:
        store.bring_up_to_date(path, now())
        return
    # Never under a server that is running: it was written for the schema it found.
    with store.locked(path):
        store.bring_up_to_date(path, now())
