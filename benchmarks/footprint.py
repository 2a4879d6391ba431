"""Memory, size and start, with many contacts stored."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.load import prepared
from benchmarks.results import Footprint
from benchmarks.wrk import Load

_STARTS = 5
_ROUNDS = 5


def footprint(folder: Path, contacts: int, seconds: float) -> Footprint:
    """Start the server on so many contacts a few times, then load it, and look at what it holds. Rates are medians of
    rounds of so many seconds: the first ones read what the kernel's cache has put away."""
    database, ids = prepared(contacts)
    copy = folder / "million.db"
    shutil.copyfile(database, copy)
    started = _started(folder, copy)
    empty = _started(folder, folder / "empty.db")
    load = Load(ids, contacts, seconds)
    with servers.sayso(folder, copy, "sayso million") as server:
        idle = server.memory()
        rounds = [(load.sample(server, "GET", 64), load.sample(server, "POST", 64)) for _ in range(_ROUNDS)]
        load.sample(server, "GET", 64)
        after = server.memory()
    got, posted = zip(*rounds, strict=True)
    copy.unlink()
    return Footprint(
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        contacts=contacts,
        start_seconds=started[0],
        start_cpu=started[1],
        empty_start_seconds=empty[0],
        empty_start_cpu=empty[1],
        idle_resident=idle.resident,
        after_resident=after.resident,
        after_private=after.private,
        after_mapped=after.mapped,
        file_before=database.stat().st_size,
        get_per_second=median(sample.per_second for sample in got),
        post_per_second=median(sample.per_second for sample in posted),
        get_cpu_us=median(sample.cpu_us for sample in got),
        post_cpu_us=median(sample.cpu_us for sample in posted),
    )


def _started(folder: Path, database: Path) -> tuple[float, float]:
    """How long a start takes until /healthz answers, and its CPU time: medians of a few."""
    took = []
    for _ in range(_STARTS):
        with servers.sayso(folder, database, "sayso starting") as server:
            took.append((server.start_seconds, server.start_cpu))
    return median(seconds for seconds, _ in took), median(cpu for _, cpu in took)
