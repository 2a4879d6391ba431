"""Bulk jobs: taken in, looked at, and carried out beside requests, in portions.

In each process one task of a workspace is carried out at a time, in the order in which they came. A process that starts
carries on with what is not completed, and so does one that runs with what another one has left for a minute. Where two
processes carry out the same task, both do one portion, and then one of them stops.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial

import structlog

from sayso.domain import bulk as rules
from sayso.domain.act import Author
from sayso.domain.bulk import BulkAction, BulkItem, BulkJob, BulkKind, BulkTask
from sayso.domain.errors import RateLimited, SaysoError, Stale, Unavailable
from sayso.service.background import Background, until_available
from sayso.service.bulk_item import BulkItems
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store

#: How many items are carried out before the count of them is stored.
PORTION = 10

#: A task on which nothing was done for this long, in ms, is taken over. Each process looks for such tasks as often.
ABANDONED_AFTER = 60_000

#: Job id and number.
_Place = tuple[str, int]


class BulkService:
    def __init__(self, store: Store, items: BulkItems, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._items = items
        self._clock = clock
        self._ids = ids
        #: By workspace, the tasks that this process carries out; the first of them now.
        self._waiting: dict[str, deque[_Place]] = {}
        self.background = Background()
        self._watching = Background()

    async def submit(
        self,
        author: Author,
        workspace_id: str,
        kind: BulkKind,
        action: BulkAction,
        items: Sequence[BulkItem],
        job_id: str | None = None,
    ) -> BulkJob:
        """Take in a task, of a new job or of one that is there. It follows after this returns.

        Raises TooManyItems, JobNotFound, JobClosed, Unavailable.
        """
        rules.check_count(len(items), kind)
        now = self._clock()
        new_id = f"job_{self._ids.act(now)}"
        prepared = [await self._items.prepare(workspace_id, kind, action, item) for item in items]
        earlier: tuple[BulkTask, ...] = ()

        async def decide() -> BulkTask:
            nonlocal earlier
            if job_id is not None:
                held = await self._job(workspace_id, kind, job_id)
                rules.check_open(held, now)
                earlier = held.tasks
            return BulkTask(
                workspace_id=workspace_id,
                job_id=job_id or new_id,
                number=len(earlier) + 1,
                kind=kind,
                action=action,
                author=author,
                item_count=len(items),
                created_at=now,
                updated_at=now,
            )

        async def commit(task: BulkTask) -> None:
            await self._store.bulk.add(task, prepared, now - rules.KEPT_FOR)

        task = await decided(decide, commit)
        assert task is not None
        self._enqueue(workspace_id, (task.job_id, task.number))
        return BulkJob((*earlier, task))

    async def find(self, workspace_id: str, kind: BulkKind, job_id: str) -> BulkJob:
        """Raises JobNotFound."""
        return await self._job(workspace_id, kind, job_id)

    def take_up(self) -> None:
        """Begin to carry on with what was left when a process ended, and later with what other processes leave."""
        self._watching.start(self._watch)

    async def stop(self) -> None:
        """Leave what is not completed to the next process."""
        await self._watching.stop()
        await self.background.stop()

    async def _watch(self) -> None:
        await until_available(partial(self.take_over, self._clock()))
        while True:
            await asyncio.sleep(ABANDONED_AFTER / 1000)
            await until_available(lambda: self.take_over(self._clock() - ABANDONED_AFTER))

    async def take_over(self, idle_since: int) -> None:
        """Carry on with the tasks on which nothing was done since a time in ms. Raises Unavailable."""
        for workspace_id, job_id, number in await self._store.bulk.unfinished(idle_since):
            self._enqueue(workspace_id, (job_id, number))

    async def _job(self, workspace_id: str, kind: BulkKind, job_id: str) -> BulkJob:
        # No store can be asked for a NUL.
        tasks = [] if "\0" in job_id else await self._store.bulk.tasks(workspace_id, job_id)
        return rules.job(tasks, job_id, kind)

    def _enqueue(self, workspace_id: str, place: _Place) -> None:
        waiting = self._waiting.get(workspace_id)
        if waiting is None:
            self._waiting[workspace_id] = deque([place])
            self.background.start(partial(self._work, workspace_id))
        elif place not in waiting:
            waiting.append(place)

    async def _work(self, workspace_id: str) -> None:
        waiting = self._waiting[workspace_id]
        try:
            while waiting:
                await until_available(partial(self._finish, workspace_id, *waiting[0]))
                waiting.popleft()
        finally:
            del self._waiting[workspace_id]

    async def _finish(self, workspace_id: str, job_id: str, number: int) -> None:
        """Carry out what is left of a task. Raises Unavailable."""
        tasks = {task.number: task for task in await self._store.bulk.tasks(workspace_id, job_id)}
        task = tasks.get(number)
        if task is None or task.completed_at is not None:
            return
        items = await self._store.bulk.items(workspace_id, job_id, number)
        while task.completed_at is None:
            after = await self._portion(task, items[task.done : task.done + PORTION])
            try:
                await self._store.bulk.advance(task, after)
            except Stale:
                # Another process has carried out the same portion, and goes on.
                return
            task = after

    async def _portion(self, task: BulkTask, items: Sequence[BulkItem]) -> BulkTask:
        began, failed = self._clock(), 0
        for item in items:
            failed += not await self._succeeds(task, item)
            # Requests get in between, also where no store has to be waited for.
            await asyncio.sleep(0)
        return task.after(len(items), failed, began, self._clock())

    async def _succeeds(self, task: BulkTask, item: BulkItem) -> bool:
        """Carry out an item; whether that worked. Raises Unavailable."""
        if item.is_refused:
            return False
        try:
            await self._items.carry_out(task, item)
        except Unavailable:
            raise
        except RateLimited as error:
            raise Unavailable(error.message) from None
        except SaysoError:
            return False
        except Exception as error:  # noqa: BLE001
            # The task goes on: otherwise it would fail here again at each start. The message may quote people's data.
            structlog.get_logger().error("bulk item failed", error=type(error).__name__, job=task.job_id)
            return False
        return True
