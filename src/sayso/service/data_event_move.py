"""Moves of data events: what a merged-away or deleted contact left is moved or erased in portions, so that other
changes get in between.

The transaction of a merge or a deletion does the first portion. Several processes may do the others of one move at
once: each portion looks at what is left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from sayso.domain.errors import Unavailable
from sayso.service.background import Background, until_available
from sayso.service.decided import decided
from sayso.service.patience import PATIENCE, WAITING_SINCE, answer_by
from sayso.service.ports import Store


class DataEventMoveService:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.background = Background()

    async def finish(self, workspace_id: str, contact_id: str) -> None:
        """Move or erase what a contact that is gone still has. A request waits until its time is up; what is left
        then follows in the background."""
        with suppress(Unavailable):
            if await self._store.data_event.move(workspace_id, contact_id) is None:
                return
        await self._wait_for(self._begin(workspace_id, contact_id))

    async def finish_erasure(self, workspace_id: str, contact_id: str) -> None:
        """As `finish`, for a deleted contact, and also erase what was still to be moved to it."""
        await self.finish(workspace_id, contact_id)
        with suppress(Unavailable):
            for source_id in await self._store.data_event.moves_into(workspace_id, contact_id):
                await self.finish(workspace_id, source_id)

    async def take_up(self) -> None:
        """Finish what was left when a process ended; where the store is away, when it is back."""
        try:
            await self._finish_all()
        except Unavailable:
            self.background.start(partial(until_available, self._finish_all))

    async def _finish_all(self) -> None:
        for workspace in await self._store.workspace.all():
            for contact_id in await self._store.data_event.moves(workspace.id):
                await self._move(workspace.id, contact_id)

    def _begin(self, workspace_id: str, contact_id: str) -> asyncio.Task[None]:
        return self.background.start(partial(until_available, partial(self._move, workspace_id, contact_id)))

    async def _wait_for(self, task: asyncio.Task[None]) -> None:
        limit = None
        if WAITING_SINCE.get() is not None:
            limit = max(0.0, answer_by(PATIENCE) - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait({task}, timeout=limit)
        if done:
            task.result()

    async def _move(self, workspace_id: str, contact_id: str) -> None:
        """Raises Unavailable."""
        store = self._store.data_event
        while await decided(lambda: store.move(workspace_id, contact_id), store.move_portion) is not None:
            pass
