"""Tasks of bulk jobs, as rows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sayso.domain.act import Author
from sayso.domain.bulk import BulkAction, BulkItem, BulkKind, BulkTask
from sayso.service.ports_bulk import Unfinished
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.sqlite import SqliteEngine

_TASK_COLUMNS = """number, kind, action, author_kind, author_ref, author_method, request_id, item_count, created_at,
updated_at, done, failed, started_at, completed_at"""

_TASK = f"SELECT {_TASK_COLUMNS} FROM bulk_tasks WHERE workspace_id = $1 AND job_id = $2 AND number = $3"

_TASKS = f"SELECT {_TASK_COLUMNS} FROM bulk_tasks WHERE workspace_id = $1 AND job_id = $2 ORDER BY number"

_ITEMS = "SELECT items FROM bulk_tasks WHERE workspace_id = $1 AND job_id = $2 AND number = $3"

_UNFINISHED = """SELECT workspace_id, job_id, number, started_at, updated_at FROM bulk_tasks
WHERE completed_at IS NULL AND updated_at + 0 > $1 ORDER BY created_at, job_id, number"""

_FORGET = "DELETE FROM bulk_tasks WHERE workspace_id || '' = $1 AND completed_at < $2"

_ADD = """INSERT INTO bulk_tasks (workspace_id, job_id, number, kind, action, author_kind, author_ref, author_method,
request_id, item_count, created_at, updated_at, done, failed, started_at, completed_at, items)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (workspace_id, job_id, number) DO NOTHING"""

_ADVANCE = """UPDATE bulk_tasks SET done = $1, failed = $2, updated_at = $3, started_at = $4, completed_at = $5
WHERE workspace_id = $6 AND job_id = $7 AND number = $8 AND done = $9 AND updated_at = $10 AND completed_at IS NULL"""

# What it asked for may name people: nothing of that is kept longer than it is needed.
_COMPLETE = """UPDATE bulk_tasks SET done = $1, failed = $2, updated_at = $3, started_at = $4, completed_at = $5,
items = '' WHERE workspace_id = $6 AND job_id = $7 AND number = $8 AND done = $9 AND updated_at = $10
AND completed_at IS NULL"""

_DECODER = msgspec.json.Decoder(list[BulkItem])


class SqlBulkStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_shared = not isinstance(engine, SqliteEngine)

    async def task(self, workspace_id: str, job_id: str, number: int) -> BulkTask | None:
        rows = await self._engine.read(_TASK, workspace_id, job_id, number)
        return _task(workspace_id, job_id, rows[0]) if rows else None

    async def tasks(self, workspace_id: str, job_id: str) -> list[BulkTask]:
        rows = await self._engine.read_many(_TASKS, workspace_id, job_id)
        return [_task(workspace_id, job_id, row) for row in rows]

    async def items(self, workspace_id: str, job_id: str, number: int) -> list[BulkItem]:
        rows = await self._engine.read(_ITEMS, workspace_id, job_id, number)
        return _DECODER.decode(rows[0][0]) if rows and rows[0][0] else []

    async def unfinished(self) -> list[Unfinished]:
        rows = await self._engine.read_many(_UNFINISHED, 0)
        return [Unfinished(row[0], row[1], row[2], row[3] is not None, row[4]) for row in rows]

    async def add(self, task: BulkTask, items: Sequence[BulkItem], forget_before: int) -> None:
        row = (
            *(task.workspace_id, task.job_id, task.number, task.kind, task.action, *task.author, task.item_count),
            *(task.created_at, task.updated_at, task.done, task.failed, task.started_at, task.completed_at),
            msgspec.json.encode(items).decode(),
        )
        forget = Statement(_FORGET, (task.workspace_id, forget_before), bulk=True)
        await self._engine.commit([forget, Statement(_ADD, row, True)])

    async def advance(self, before: BulkTask, after: BulkTask) -> None:
        sql = _ADVANCE if after.completed_at is None else _COMPLETE
        progress = (after.done, after.failed, after.updated_at, after.started_at, after.completed_at)
        place = (before.workspace_id, before.job_id, before.number, before.done, before.updated_at)
        await self._engine.commit([Statement(sql, (*progress, *place), True)])


def _task(workspace_id: str, job_id: str, row: Row) -> BulkTask:
    number, kind, action, author_kind, author_ref, author_method, request_id, *rest = row
    author = Author(author_kind, author_ref, author_method, request_id)
    return BulkTask(workspace_id, job_id, number, BulkKind(kind), BulkAction(action), author, *rest)
