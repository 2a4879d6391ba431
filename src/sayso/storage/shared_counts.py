"""Counts of searches that may look at a whole workspace: one for all who ask the same while nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from sayso.domain.search import Node
from sayso.storage.engine import Engine
from sayso.storage.read_limit import unanswered

#: How many counts are kept. A query takes up to 150 KB.
MOST_KEPT = 100

#: (workspace id, query).
Key = tuple[str, Node]

Run = Callable[[], Coroutine[Any, Any, int]]


class SharedCounts:
    """Each count is kept under the data version read before it began, and is used while that is still the version.

    So a count includes every write that was acknowledged before the request that asks for it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # The one used last is at the end.
        self._counts: dict[Key, _Count] = {}

    async def get(self, workspace_id: str, query: Node, run: Run) -> int:
        """What `run` counts, now or earlier. Raises TooManySlowReads, Unavailable."""
        version = await self._engine.data_version()
        if version is None:
            return await run()
        key = (workspace_id, query)
        while True:
            count = self._counts.get(key)
            if count is None or count.version != version:
                return await self._wait(key, self._start(key, version, run))
            try:
                return await self._wait(key, count)
            except Exception:
                if not count.task.done():
                    raise
                # It failed at the deadline of the request that began it, or at the limit of that request's token.

    def _start(self, key: Key, version: str, run: Run) -> _Count:
        count = _Count(version, asyncio.get_running_loop().create_task(run()))
        count.task.add_done_callback(partial(self._drop_failed, key, count))
        self._counts.pop(key, None)
        self._counts[key] = count
        if len(self._counts) > MOST_KEPT:
            del self._counts[next(iter(self._counts))]
        return count

    async def _wait(self, key: Key, count: _Count) -> int:
        count.waiters += 1
        try:
            left = self._engine.deadline() - asyncio.get_running_loop().time()
            # Not `asyncio.timeout`: requests are answered outside of tasks, where it does not work.
            if not (await asyncio.wait({count.task}, timeout=max(left, 0)))[0]:
                raise unanswered()
            return count.task.result()
        finally:
            count.waiters -= 1
            if not count.waiters and not count.task.done():
                count.task.cancel()
                self._drop(key, count)

    def _drop_failed(self, key: Key, count: _Count, task: asyncio.Task[int]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._drop(key, count)

    def _drop(self, key: Key, count: _Count) -> None:
        if self._counts.get(key) is count:
            del self._counts[key]


class _Count:
    """A count that runs or has ended. `waiters`: the requests that wait for it; the last to leave cancels it."""

    __slots__ = ("task", "version", "waiters")

    def __init__(self, version: str, task: asyncio.Task[int]) -> None:
        self.version = version
        self.task = task
        self.waiters = 0
