"""What a run found on PostgreSQL, as the tables of benchmarks/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks import targets
from benchmarks.results import Postgres, Sample
from benchmarks.table import BUSY, BUSY_WARNING, table, times

_MIB = 1024**2
_CONNECTIONS = 64
_NAMES = {
    targets.PGBENCH: "pgbench, one statement",
    targets.OURS: "**Sayso**",
    targets.WORKERS: "**Sayso**, two workers",
    "orm-5": "user's stack, pool of 5",
    "orm-20": "user's stack, pool of 20",
}
_WRITERS = {targets.OURS: "**Sayso**, with one worker and with two", targets.PEER: "user's stack, with either pool"}

_NOTE = """\
pgbench runs with `-n -M prepared -c 64 -j 1`; GET is the statement that Sayso reads with, POST one statement that updates
a random contact's row and adds a ledger entry and an event. Its latency is the average. Servers, wrk, pgbench and
PostgreSQL are where the kernel puts them. Everybody's connections are open and warm."""

_QUIET = """\
Autovacuum is off, and no checkpoint falls into the run: right after one, a change logs whole pages (`bytes.json` has
both)."""


def parts(found: Postgres | None) -> Iterator[str]:
    if found is None:
        yield "### On PostgreSQL\n\nNot measured."
        return
    yield _head(found)
    for method in ("GET", "POST"):
        yield _load(found, method)
    yield _workers(found)
    yield _written(found)
    yield _costs(found)


def _head(found: Postgres) -> str:
    others = median(sample.others for sample in found.samples)
    warning = f"\n{BUSY_WARNING}" if others > BUSY else ""
    return (
        f"### On PostgreSQL {found.version}\n\n"
        f"Measured {found.when} on this machine: {found.rounds} rounds of {found.seconds:g} s, "
        f"{found.contacts:,} contacts, fsync on.\n"
        f"Other work took {others:.2f} cores while measuring (median).{warning}\n\n{_NOTE}"
    )


def _load(found: Postgres, method: str) -> str:
    rows = []
    for server, name in _NAMES.items():
        samples = targets.of(found, server, method, _CONNECTIONS)
        if not samples:
            continue
        p99 = median(sample.p99 for sample in samples) / 1000
        rows.append(
            (
                name,
                f"{median(sample.per_second for sample in samples):,.0f}",
                f"{median(sample.cpu_us for sample in samples):,.1f}",
                f"{median(sample.database_us for sample in samples):,.1f}",
                f"{median(sample.p50 for sample in samples) / 1000:,.2f}",
                f"{p99:,.2f}" if p99 else "",
                times(targets.wall_ratio(found, server, method, _CONNECTIONS)),
                f"{sum(sample.refused + sample.broken for sample in samples):,}",
            )
        )
    columns = (
        "Server", "Requests/s", "CPU µs/request", "PostgreSQL's CPU µs/request", "p50 ms", "p99 ms",
        "Sayso's rate over it", "Errors",
    )  # fmt: skip
    return f"### On PostgreSQL: {method} at {_CONNECTIONS} connections\n\n{table(columns, rows)}"


def _workers(found: Postgres) -> str:
    rows = []
    for method in ("GET", "POST"):
        gained = targets.wall_ratio(found, targets.OURS, method, _CONNECTIONS, targets.WORKERS)
        over = targets.wall_ratio(found, targets.PGBENCH, method, _CONNECTIONS, targets.WORKERS)
        rows.append((method, times(gained), times(over)))
    columns = ("Two workers, 64 connections", "Rate over one worker's", "Rate over pgbench's")
    note = "wrk and PostgreSQL are on the same two cores: what one worker leaves of them is all that a second one can gain."
    return f"### On PostgreSQL: two workers\n\n{table(columns, rows)}\n\n{note}"


def _written(found: Postgres) -> str:
    rows = [
        (_WRITERS[targets.PEER if written.server.startswith(targets.PEER) else written.server],
         f"{written.answered:,}", f"{written.rows:,}", f"{written.rows / max(written.answered, 1):.1%}")
        for written in found.written
    ]  # fmt: skip
    columns = ("Server", "POSTs answered 200", "Ledger rows added", "Share")
    return f"### On PostgreSQL: writes are real\n\n{table(columns, rows)}"


def _costs(found: Postgres) -> str:
    rows = [
        ("Log per write, bytes", f"{median(logged(found, targets.OURS)):,.0f}"),
        ("Data of a contact with 3 choices and 3 entries, bytes", f"{found.contact_bytes:,.0f}"),
        ("Copied from an embedded database in, s", f"{found.load_seconds:.1f}"),
    ]
    for number, worker in enumerate(found.workers, 1):
        shown = f"{worker.proportional / _MIB:.1f} ({worker.private / _MIB:.1f}; {worker.resident / _MIB:.1f})"
        rows.append((f"Memory of worker {number} after load, shared parts by share (private; resident), MiB", shown))
    return f"### On PostgreSQL: memory, size and log\n\n{table(('Figure', 'Measured'), rows)}\n\n{_QUIET}"


def logged(found: Postgres, server: str) -> list[float]:
    """Bytes of log per write, by round."""
    samples: list[Sample] = targets.of(found, server, "POST", _CONNECTIONS)
    return [sample.log_bytes / sample.requests for sample in samples]
