"""The tables of benchmarks/README.md, made from a run's results alone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from benchmarks import report_curve, report_growth, report_postgres, report_search, report_slow_searches, targets
from benchmarks.results import Results, Steps
from benchmarks.rounds import CONNECTIONS
from benchmarks.table import BUSY, BUSY_WARNING, table, times

README = Path(__file__).with_name("README.md")
CAUSES = Path(__file__).with_name("causes.toml")
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

_MIB = 1024**2
_NAMES = {
    "nginx": "nginx, constant body",
    "constant": "constant-body ASGI app on uvicorn",
    "sayso": "**Sayso**",
    "orm-5": "user's stack, pool of 5",
    "orm-20": "user's stack, pool of 20",
}


def write(results: Results) -> None:
    """Put the tables in the place of the last ones."""
    text = README.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    if results.curve is not None:
        report_curve.CHART.write_text(report_curve.chart(results.curve))
    README.write_text(f"{before}{BEGIN}\n\n{rendered(results)}\n\n{END}{after}")


def rendered(results: Results) -> str:
    parts = [_head(results), _targets(results), *_loads(results)]
    parts += [_written(results), _group_commits(results), _steps(results.steps), _million(results)]
    parts.append(report_search.part(results.search))
    parts.append(report_slow_searches.part(results.slow_searches))
    parts += report_postgres.parts(results.postgres)
    parts += [report_curve.part(results.curve), report_growth.part(results.growth)]
    return "\n\n".join(part for part in parts if part)


def _head(results: Results) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    others = median(sample.others for sample in results.samples)
    lines = [
        f"Measured {results.when} by `{results.command}`: {results.rounds} rounds of {results.seconds:g} s,",
        f"{results.contacts:,} contacts, answers of {results.body_bytes:,} bytes.",
        f"Machine: {machine}.",
        f"Other work took {others:.2f} cores while measuring (median).",
    ]
    if others > BUSY:
        lines.append(BUSY_WARNING)
    return "\n".join(lines)


def _targets(results: Results) -> str:
    causes = tomllib.loads(CAUSES.read_text())
    rows, missed = [], []
    for outcome in targets.outcomes(results):
        rows.append((outcome.figure, outcome.target, outcome.reached, "yes" if outcome.met else "**no**"))
        if not outcome.met:
            missed.append(f"- {outcome.figure}: {causes.get(outcome.key, 'the cause is not known yet.')}")
    head = ("Figure", "Target", "Measured", "Reached")
    why = "\n\nNot reached, and why:\n\n" + "\n".join(missed) if missed else ""
    return f"### Targets\n\n{table(head, rows)}{why}"


def _loads(results: Results) -> Iterator[str]:
    for method in ("GET", "POST"):
        for connections in CONNECTIONS:
            yield _load(results, method, connections)


def _load(results: Results, method: str, connections: int) -> str:
    rows = []
    for server, name in _NAMES.items():
        samples = targets.of(results, server, method, connections)
        if not samples:
            continue
        rows.append(
            (
                name,
                f"{median(sample.per_second for sample in samples):,.0f}",
                f"{median(sample.cpu_us for sample in samples):,.1f}",
                f"{median(sample.p50 for sample in samples) / 1000:,.2f}",
                f"{median(sample.p99 for sample in samples) / 1000:,.2f}",
                times(targets.wall_ratio(results, server, method, connections)),
                times(targets.cpu_ratio(results, server, method, connections)),
                f"{sum(sample.refused + sample.broken for sample in samples):,}",
            )
        )
    columns = (
        "Server", "Requests/s", "CPU µs/request", "p50 ms", "p99 ms",
        "Sayso's rate over it", "Sayso's CPU over it", "Errors",
    )  # fmt: skip
    title = f"### {method} at {connections} connection{'s' if connections > 1 else ''}"
    sync = ""
    if (method, connections) == ("POST", 1):
        sync = f"\n\nOne append of 4 KiB and its fdatasync: {median(s.p50 for s in results.syncs):,.0f} µs (p50)."
    return f"{title}\n\n{table(columns, rows)}{sync}"


def _written(results: Results) -> str:
    rows = [
        (_NAMES.get(w.server, w.server), f"{w.answered:,}", f"{w.rows:,}", f"{w.rows / max(w.answered, 1):.1%}")
        for w in results.written
    ]
    note = "More rows than answers are requests that were carried out when the time was already up."
    return f"### Writes are real\n\n{table(('Server', 'POSTs answered 200', 'Ledger rows added', 'Share'), rows)}\n\n{note}"


def _group_commits(results: Results) -> str:
    rows = [
        (f"{c.connections}", f"{c.acknowledged:,}", f"{c.rows:,}", f"{c.syncs:,}", f"{targets.per_sync(c):.1f}")
        for c in results.group_commits
    ]
    if not rows:
        return "### Writes per sync\n\nNot counted: strace is absent."
    columns = ("Connections", "POSTs answered 200", "Ledger rows added", "Syncs issued", "Answers per sync")
    note = (
        "Counted by strace in a run of its own, every fsync and fdatasync of the server, checkpoints' included.\n"
        "strace makes syncs slower, and nothing else."
    )
    return f"### Writes per sync\n\n{table(columns, rows)}\n\n{note}"


def _steps(steps: Iterable[Steps]) -> str:
    steps = list(steps)
    if not steps:
        return ""
    rows = [(name, *(f"{found.cpu[name]:,.1f}" for found in steps)) for name in steps[0].cpu]
    rows.append(("**all**", *(f"{sum(found.cpu.values()):,.1f}" for found in steps)))
    rows.append(("commit, wall time per request", *(f"{found.commit_wall:,.1f}" for found in steps)))
    rows.append(("requests per commit", *(f"{found.per_commit:,.1f}" for found in steps)))
    heads = (f"{found.method}, {found.connections} connection{'s' * (found.connections > 1)}" for found in steps)
    note = (
        "CPU µs per request, by a server with stopwatches in it: they cost some µs themselves, so the shares count\n"
        "rather than the sums, and the syncs' waiting is in the wall time alone."
    )
    return f"### Where the time of a request goes\n\n{table(('Step', *heads), rows)}\n\n{note}"


def _million(results: Results) -> str:
    found = results.million
    rows = [("Resident when idle, MiB", f"{results.contacts:,}", f"{results.idle_resident / _MIB:.1f}")]
    if found is not None:
        contacts = f"{found.contacts:,}"
        rows += [
            ("Resident after start, MiB", contacts, f"{found.idle_resident / _MIB:.1f}"),
            ("Private after load, MiB", contacts, f"{found.after_private / _MIB:.1f}"),
            ("Mapped pages of the database beside it, MiB", contacts, f"{found.after_mapped / _MIB:.1f}"),
            ("Resident after load, all told, MiB", contacts, f"{found.after_resident / _MIB:.1f}"),
            ("File per contact, bytes", contacts, f"{found.file_before / found.contacts:,.0f}"),
            ("Start until /healthz answers, s (CPU s)", contacts, f"{found.start_seconds:.2f} ({found.start_cpu:.2f})"),
            ("The same", "0", f"{found.empty_start_seconds:.2f} ({found.empty_start_cpu:.2f})"),
            ("GET at 64 connections, requests/s", contacts, f"{found.get_per_second:,.0f}"),
            ("POST at 64 connections, requests/s", contacts, f"{found.post_per_second:,.0f}"),
            ("GET at 64 connections, CPU µs/request", contacts, f"{found.get_cpu_us:,.1f}"),
            ("POST at 64 connections, CPU µs/request", contacts, f"{found.post_cpu_us:,.1f}"),
        ]
    note = (
        "Private: Private_Clean and Private_Dirty of all mappings but the database's files. Those pages belong to the\n"
        "kernel's cache, which takes them back when it needs the room. Starts are with a warm cache."
    )
    if found is not None:
        note += f" A million contacts: measured {found.when}."
    return f"### Memory, size and start\n\n{table(('Figure', 'Contacts', 'Measured'), rows)}\n\n{note}"
