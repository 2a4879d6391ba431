"""Servers of several processes: a client for each of them, and what was meant to come to pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import httpx2
from tests.machine import DEADLINE
from tests.running import Running


@contextmanager
def one_client_each(server: Running, number: int = 2) -> Iterator[list[httpx2.Client]]:
    """Clients of one connection each, led to different processes."""
    with ExitStack() as stack:
        found: dict[str, httpx2.Client] = {}
        deadline = monotonic() + DEADLINE
        while len(found) < number:
            assert monotonic() < deadline, f"only {len(found)} workers answer"
            client = stack.enter_context(server.client)
            found.setdefault(worker_of(client), client)
        yield list(found.values())


def worker_of(client: httpx2.Client) -> str:
    """What tells the process that answers apart: its part of the request ids it gives."""
    return client.get("/me").headers["x-request-id"][:12]


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether something holds so many seconds from now at the latest. It is asked once more after that: how long asking
    takes is not what is tested."""
    deadline = monotonic() + seconds
    while True:
        is_last = monotonic() >= deadline
        if holds():
            return True
        if is_last:
            return False


def sayso(server: Running, *words: str) -> Any:
    """A command beside a running server, on the same data."""
    settings = {name: server._environment[name] for name in ("SAYSO_DATABASE_URL", "SAYSO_DATABASE_TIMEOUT")}
    environment = {**os.environ, **settings}
    command = [sys.executable, "-m", "sayso", *words, "--json"]
    done = subprocess.run(command, cwd=server.folder, env=environment, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)
