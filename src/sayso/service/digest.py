"""Digests of workspaces, read in pages beside whoever writes."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Iterable

from sayso.domain.digest import Digest, Digesting, DigestRow
from sayso.service.ports import Store

#: How many contacts are read at once.
PAGE = 1_000

#: How often a workspace that is being written to is read again.
TRIES = 3


async def digest(store: Store, workspace_id: str, *, page: int = PAGE, pause: float = 0) -> Digest:
    """The digest of a workspace that nobody writes to. `pause`: between two pages, in seconds."""
    digesting, after, limit = Digesting(workspace_id), b"", page
    while True:
        rows = await store.digest.contacts(workspace_id, after, limit)
        if len(rows) < limit:
            break
        ids = [(at, row.contact_id) for at, row in enumerate(rows) if row and isinstance(row.contact_id, bytes)]
        if ids:
            # Rows after the last readable one come again with the next page.
            last, after = ids[-1]
            _add(digesting, rows[: last + 1])
            limit = page
        else:
            # The next page begins after an id, and none is known here: read on to a row that has one.
            limit *= 2
        await sleep(pause)
    _add(digesting, rows)
    return digesting.finish(await store.settings_log.head(workspace_id))


def _add(digesting: Digesting, rows: Iterable[DigestRow | None]) -> None:
    for row in rows:
        digesting.add(row)


async def settled_digest(store: Store, workspace_id: str, *, page: int = PAGE, pause: float = 0) -> Digest | None:
    """The digest of a workspace beside whoever writes; None where it kept changing while it was read.

    Read until two readings agree. A revision never goes back, so in between nobody changed anything, and what was read
    is what the workspace was at one moment.
    """
    before = await digest(store, workspace_id, page=page, pause=pause)
    for _ in range(TRIES):
        found = await digest(store, workspace_id, page=page, pause=pause)
        if found == before:
            return found
        before = found
    return None
