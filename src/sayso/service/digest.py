"""Digests of workspaces, read in pages beside whoever writes."""

from __future__ import annotations

from functools import partial

from sayso.domain.digest import Digest, Digesting, DigestRow
from sayso.service.pages import pages
from sayso.service.ports import Store

#: How many contacts are read at once.
PAGE = 1_000

#: How often a workspace that is being written to is read again.
TRIES = 3


async def digest(store: Store, workspace_id: str, *, page: int = PAGE, pause: float = 0) -> Digest:
    """The digest of a workspace that nobody writes to. `pause`: between two pages, in seconds."""
    digesting = Digesting(workspace_id)
    read = partial(store.digest.contacts, workspace_id)
    async for rows in pages(read, _id, b"", page, pause):
        for row in rows:
            digesting.add(row)
    return digesting.finish(await store.settings_log.head(workspace_id))


def _id(row: DigestRow | None) -> bytes | None:
    return row.contact_id if row is not None and isinstance(row.contact_id, bytes) else None


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
