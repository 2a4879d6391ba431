"""Rounds: every server under every load once, then all of them again, so that they share the machine's moods."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.results import Sample, Sync
from benchmarks.servers import Server
from benchmarks.wrk import Load

CONNECTIONS = (1, 64)

_BLOCK = b"\0" * 4096


def measured(
    rounds: int, readers: list[Server], writers: list[Server], load: Load, folder: Path
) -> Iterator[Sample | Sync]:
    """`readers` are asked GET, `writers` POST."""
    for round_ in range(rounds):
        for connections in CONNECTIONS:
            for server in readers:
                yield load.sample(server, "GET", connections, round_)
            for server in writers:
                yield load.sample(server, "POST", connections, round_)
            if connections == 1:
                yield Sync(round_, sync_us(folder))


def sync_us(folder: Path, times: int = 500) -> float:
    """Append 4 KiB and fdatasync, `times` times: the median in µs."""
    path = folder / "sync.probe"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        os.write(file, _BLOCK)
        os.fdatasync(file)
        took.append(time.perf_counter() - began)
    os.close(file)
    path.unlink()
    return median(took) * 1e6
