"""Tasks of bulk jobs, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.domain.bulk import BulkItem, BulkTask
from sayso.domain.errors import Stale
from sayso.service.ports_bulk import Unfinished


class MemoryBulkStore:
    is_shared = False

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str, int], tuple[BulkTask, tuple[BulkItem, ...]]] = {}

    async def task(self, workspace_id: str, job_id: str, number: int) -> BulkTask | None:
        held = self._tasks.get((workspace_id, job_id, number))
        return held and held[0]

    async def tasks(self, workspace_id: str, job_id: str) -> list[BulkTask]:
        found = [task for task, _ in self._tasks.values() if (task.workspace_id, task.job_id) == (workspace_id, job_id)]
        return sorted(found, key=lambda task: task.number)

    async def items(self, workspace_id: str, job_id: str, number: int) -> list[BulkItem]:
        held = self._tasks.get((workspace_id, job_id, number))
        return list(held[1]) if held else []

    async def unfinished(self) -> list[Unfinished]:
        found = [task for task, _ in self._tasks.values() if task.completed_at is None]
        found.sort(key=lambda task: (task.created_at, task.job_id, task.number))
        return [Unfinished(*_key(task), task.started_at is not None, task.updated_at) for task in found]

    async def add(self, task: BulkTask, items: Sequence[BulkItem], forget_before: int) -> None:
        key = _key(task)
        if key in self._tasks:
            raise Stale("somebody was faster")
        self._tasks = {
            place: held
            for place, held in self._tasks.items()
            if place[0] != task.workspace_id or held[0].completed_at is None or held[0].completed_at >= forget_before
        }
        self._tasks[key] = (task, tuple(items))

    async def advance(self, before: BulkTask, after: BulkTask) -> None:
        held = self._tasks.get(_key(before))
        if held is None or held[0] != before or before.completed_at is not None:
            raise Stale("somebody was faster")
        self._tasks[_key(before)] = (after, held[1] if after.completed_at is None else ())


def _key(task: BulkTask) -> tuple[str, str, int]:
    return task.workspace_id, task.job_id, task.number
