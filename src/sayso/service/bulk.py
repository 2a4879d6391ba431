"""Bulk jobs: taken in, looked at, and carried out beside requests, in portions.

In each process one task of a workspace is carried out at a time, in the order in which they came. A process that starts
carries on with what is not completed, and so does one that runs with what another one has left for a minute. It leaves
a workspace in which another process is at work to that one, so that its tasks keep their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from math import inf

import structlog

from sayso.domain import bulk as rules
from sayso.domain.act import Author
from sayso.domain.bulk import BulkAction, BulkItem, BulkJob, BulkKind, BulkTask
from sayso.domain.errors import RateLimited, SaysoError, Stale, Unavailable
from sayso.service.background import Background, until_available
from sayso.service.bulk_item import BulkItems
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store

#: How many items are carried out before the count of them is stored, and for how long at most, in seconds.
PORTION, PORTION_TIME = 10, 5.0

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
        # Nobody else can be at work on a store of this process' own.
        idle = ABANDONED_AFTER if self._store.bulk.is_shared else None
        while True:
            try:
                await until_available(partial(self.take_over, idle))
            except Exception as error:  # noqa: BLE001
                structlog.get_logger().error("bulk jobs could not be looked for", error=type(error).__name__)
            idle = ABANDONED_AFTER
            await asyncio.sleep(ABANDONED_AFTER / 1000)

    async def take_over(self, idle: int | None = None) -> None:
        """Carry on with the tasks on which nothing was done for a time in ms, but for those of workspaces in which
        another process has done something since; with None, with all tasks. Raises Unavailable."""
        since, rows = inf if idle is None else self._clock() - idle, await self._store.bulk.unfinished()
        own = {(workspace_id, *place) for workspace_id, places in self._waiting.items() for place in places}
        busy = {row.workspace_id for row in rows if row.is_started and row.updated_at > since and row[:3] not in own}
        for row in rows:
            if row.updated_at <= since and row.workspace_id not in busy:
                self._enqueue(row.workspace_id, (row.job_id, row.number))

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
                try:
                    await until_available(partial(self._finish, workspace_id, *waiting[0]))
                except Stale:
                    # Another process does the same task: the others are left to it too, so that they keep their order.
                    return
                except Exception as error:  # noqa: BLE001
                    # Those behind it are carried out. The message may quote people's data.
                    structlog.get_logger().error("bulk task failed", error=type(error).__name__, job=waiting[0][0])
                waiting.popleft()
        finally:
            del self._waiting[workspace_id]

    async def _finish(self, workspace_id: str, job_id: str, number: int) -> None:
        """Carry out what is left of a task. Raises Stale where another process does, Unavailable."""
        task = await self._store.bulk.task(workspace_id, job_id, number)
        if task is None or task.completed_at is not None:
            return
        items = await self._store.bulk.items(workspace_id, job_id, number)
        if len(items) < task.item_count:
            # Nobody knows what the others were.
            items += [BulkItem(is_refused=True)] * (task.item_count - len(items))
        after = task.begun(self._clock())
        await self._store.bulk.advance(task, after)
        while (task := after).completed_at is None:
            after = await self._portion(task, items[task.done : task.done + PORTION])
            await self._store.bulk.advance(task, after)

    async def _portion(self, task: BulkTask, items: Sequence[BulkItem]) -> BulkTask:
        loop = asyncio.get_running_loop()
        until, done, failed = loop.time() + PORTION_TIME, 0, 0
        for item in items:
            if loop.time() > until:
                break
            done += 1
            failed += not await self._succeeds(task, item)
            # Requests get in between, also where no store has to be waited for.
            await asyncio.sleep(0)
        return task.after(done, failed, self._clock())

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
