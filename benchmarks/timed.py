"""Our server with a stopwatch in each step: `python -m benchmarks.timed serve ...`, then GET /timings.

CPU time per thread, so that steps that wait (a sync, a lock, another thread) count what they use and not how long
they take. The stopwatches cost some µs per request themselves, so the shares count rather than the sum.
"""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from sayso import asgi
from sayso.cli import main
from sayso.domain import consent
from sayso.http.response import Response
from sayso.storage import sqlite, store

_spent: dict[str, float] = defaultdict(float)
_counts: dict[str, int] = defaultdict(int)


def timings() -> bytes:
    """Seconds by step, counts, and the CPU seconds of the loop's thread and of all others."""
    tasks = Path("/proc/self/task").iterdir()
    threads = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    loop = thread_time()
    return json.dumps({"loop": loop, "others": threads - loop, **_spent, **_counts}).encode()


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **more: Any) -> Any:
        began = thread_time()
        try:
            return function(*args, **more)
        finally:
            _spent[name] += thread_time() - began

    return run


class _Steps:
    """An awaitable whose own steps are timed, and not what it waits for."""

    def __init__(self, work: Awaitable[Any]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, Any]:
        work = self._work.__await__()
        value: Any = None
        while True:
            began = thread_time()
            try:
                pending = work.send(value)
            except StopIteration as done:
                return done.value
            finally:
                _spent["answer"] += thread_time() - began
            value = yield pending


class _Database:
    """A database connection, or a cursor of one, that times its statements by what they are."""

    def __init__(self, database: Any) -> None:
        self._database = database
        if hasattr(database, "wal_checkpoint"):
            self.wal_checkpoint = _timed("checkpoint", database.wal_checkpoint)
            self.cursor = lambda: _Database(database.cursor())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, sql: str, *params: Any) -> Any:
        began, wall, name = thread_time(), perf_counter(), _name(sql)
        try:
            return self._database.execute(sql, *params)
        finally:
            _spent[name] += thread_time() - began
            _spent[f"{name} wall"] += perf_counter() - wall
            _counts[f"{name} count"] += 1

    def executemany(self, sql: str, rows: Any) -> Any:
        return _timed("statements", self._database.executemany)(sql, rows)


def _name(sql: str) -> str:
    if sql == "COMMIT":
        return "commit"
    return "read" if sql.startswith("SELECT") or sql in {"BEGIN", "ROLLBACK"} else "statements"


def _patch() -> None:
    stores: Any = store
    connect = stores.connect
    stores.connect = lambda *args, **more: _Database(connect(*args, **more))
    consent.decide = _timed("rules", consent.decide)
    engine: Any = sqlite.SqliteEngine
    engine._hand_over = _timed("hand-over", engine._hand_over)
    engine._answer = _timed("hand-over", engine._answer)
    respond = asgi.App.respond

    async def answer(self: asgi.App, request: Any) -> Response:
        if request.path == "/timings":
            return Response(timings())
        _counts[request.method] += 1
        response: Response = await _Steps(respond(self, request))
        return response

    asgi.App.respond = answer  # type: ignore[method-assign]


if __name__ == "__main__":
    _patch()
    main(prog_name="sayso")
