"""What the services need of the world for bulk jobs, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sayso.domain.bulk import BulkItem, BulkTask


class BulkStore(Protocol):
    async def tasks(self, workspace_id: str, job_id: str) -> list[BulkTask]:
        """The tasks of a job, in order of their numbers."""

    async def items(self, workspace_id: str, job_id: str, number: int) -> list[BulkItem]:
        """What a task asks for, in order; nothing where it is completed."""

    async def unfinished(self, idle_since: int) -> list[tuple[str, str, int]]:
        """Workspace, job id and number of each task that is not completed and was not advanced after a time in ms, the
        oldest first."""

    async def add(self, task: BulkTask, items: Sequence[BulkItem], forget_before: int) -> None:
        """Store a new task, and forget those completed before a time in ms. Raises Stale where its number is taken."""

    async def advance(self, before: BulkTask, after: BulkTask) -> None:
        """Raises Stale where another process has advanced the task."""
