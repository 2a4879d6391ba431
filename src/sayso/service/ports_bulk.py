"""What the services need of the world for bulk jobs, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sayso.domain.bulk import BulkItem, BulkTask


class Unfinished(NamedTuple):
    """A task that is not completed. `updated_at` in ms."""

    workspace_id: str
    job_id: str
    number: int
    is_started: bool
    updated_at: int


class BulkStore(Protocol):
    @property
    def is_shared(self) -> bool:
        """Whether other processes may carry out tasks of this store too."""

    async def task(self, workspace_id: str, job_id: str, number: int) -> BulkTask | None: ...

    async def tasks(self, workspace_id: str, job_id: str) -> list[BulkTask]:
        """The tasks of a job, in order of their numbers."""

    async def items(self, workspace_id: str, job_id: str, number: int) -> list[BulkItem]:
        """What a task asks for, in order; nothing where it is completed."""

    async def unfinished(self) -> list[Unfinished]:
        """Of all workspaces, the oldest first."""

    async def add(self, task: BulkTask, items: Sequence[BulkItem], forget_before: int) -> None:
        """Store a new task, and forget those completed before a time in ms. Raises Stale where its number is taken."""

    async def advance(self, before: BulkTask, after: BulkTask) -> None:
        """Raises Stale where another process has advanced the task since `before`."""
