"""How many acknowledged writes share a sync, and whether writes are real."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from benchmarks import servers
from benchmarks.results import GroupCommit
from benchmarks.wrk import Load

_CALL = re.compile(r"^\d+ +(\d+\.\d+) +(?:fdatasync|fsync|sync_file_range|sync)\(", re.MULTILINE)


def group_commits(folder: Path, database: Path, load: Load, connections: tuple[int, ...]) -> list[GroupCommit]:
    """POST while strace notes each sync. It stops the server at syncs alone, but that makes each of them slower."""
    if shutil.which("strace") is None:
        return []
    log = folder / "syncs.log"
    calls = "trace=fdatasync,fsync,sync,sync_file_range"
    under = ["strace", "-f", "--seccomp-bpf", "-ttt", "-o", str(log), "-e", calls]
    counted = []
    with servers.sayso(folder, database, "sayso under strace", under=under) as server:
        for number in connections:
            rows, began = ledger_rows(database), time.time()
            sample = load.sample(server, "POST", number)
            ended, rows = time.time(), ledger_rows(database) - rows
            counted.append((number, sample.requests - sample.refused, rows, began, ended))
    times = [float(stamp) for stamp in _CALL.findall(log.read_text())]
    return [
        GroupCommit(number, acknowledged, rows, sum(began <= moment <= ended for moment in times))
        for number, acknowledged, rows, began, ended in counted
    ]


def ledger_rows(database: Path) -> int:
    """How many entries a database has, ours or a peer's."""
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        rows: list[tuple[Any, ...]] = connection.execute("SELECT count(*) FROM ledger").fetchall()
        return int(rows[0][0])
