"""How many servers, how much memory, how much disk: costs that were measured, times a demand.

`python -m benchmarks.capacity --contacts 100e6 --reads 5000 --writes 500`. Each assumption is an argument; the page that
explains it is docs/explanation/scale.md, whose table `--document` writes anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import bytes as sizes
from benchmarks import targets
from benchmarks.results import Postgres, Results

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "scale.md"

_YEAR = 365 * 24 * 3600
_GIB = 1024**3
_TB = 1e12


class Demand(NamedTuple):
    """Requests a second, at the peak."""

    contacts: float
    reads: float
    writes: float


#: What the page plans for.
DEMANDS = (Demand(1e6, 500, 20), Demand(100e6, 5_000, 500), Demand(10e9, 100_000, 10_000))


class Assumption(NamedTuple):
    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an engine would need. `why_not`: nothing where it fits."""

    engine: str
    processes: int
    busy_cores: float
    primaries: int
    standbys: int
    memory: float
    disk: float
    log: float
    bound_by: str
    why_not: str


def assumptions() -> dict[str, Assumption]:
    """Everything the model assumes, by the name of its argument."""
    results = Results.kept()
    found = _measured(results, sizes.kept())
    return {**found, **_STUDIED, **_on_postgres(results.postgres, found), **_CHOSEN}


_CHOSEN = {
    "years": Assumption(3, "years", "chosen: for how long entries add up; none is ever deleted"),
    "mean": Assumption(0.1, "of the peak", "chosen: the rate over all hours of all days; mailings come in bursts"),
    "busy": Assumption(0.5, "of a core", "chosen: the rest is for peaks, vacuum, backups and the loss of a node"),
    "cores": Assumption(16, "cores", "chosen: of a database node"),
    "memory": Assumption(128, "GiB", "chosen: of a database node"),
    "disk": Assumption(8, "TB", "chosen: of a database node"),
    "full": Assumption(0.6, "of a disk", "chosen: the rest is for the log, bloat, and shards that move"),
    "hot": Assumption(
        1,
        "of the contacts' rows",
        "chosen: to stay in memory, since any contact may be asked for; less with disks that are fast",
    ),
    "cached": Assumption(0.6, "of the memory", "chosen: what the database and the kernel can use to keep rows"),
    "workspaces": Assumption(
        10, "workspaces", "chosen: in use at once; each process asks for each one's version every second"
    ),
    "standbys": Assumption(1, "per primary", "chosen: synchronous ones, so that the loss of a node loses nothing"),
    "shard": Assumption(20, "GB", "chosen: small enough to be moved to another node while others write"),
}

_STUDY = "pgbench, statements of this kind, 200,000 contacts, before this code was written"

_STUDIED = {
    "database-read": Assumption(70, "µs CPU", f"PostgreSQL 15: {_STUDY}"),
    "database-write": Assumption(313, "µs CPU", f"PostgreSQL 15, four statements: {_STUDY}"),
    "driver-read": Assumption(27, "µs CPU", "asyncpg, 16 at once, in the same study"),
    "driver-write": Assumption(37, "µs CPU", "asyncpg, 16 at once, in the same study"),
    "citus-read": Assumption(10.1, "times", f"Citus 12.1, coordinator and two workers: {_STUDY}"),
    "citus-write": Assumption(5.9, "times", f"Citus 12.1, coordinator and two workers: {_STUDY}"),
}

_IN_THE_DATABASE = (
    "hand-over to the writer thread and back",
    "statements",
    "commit: write the log and sync it",
    "checkpoint",
)


def _measured(results: Results, bytes_: Mapping[str, sizes.Bytes]) -> dict[str, Assumption]:
    run = f"benchmarks/results.json, {results.when}"
    steps = {(found.method, found.connections): found.cpu for found in results.steps}
    row = steps["GET", 64]["read the contact's row"] / sum(steps["GET", 64].values())
    stored = sum(steps["POST", 64][step] for step in _IN_THE_DATABASE) / sum(steps["POST", 64].values())
    private = results.million.after_private / _GIB if results.million else 0.15
    found = {
        "read": Assumption(_cpu(results, "GET"), "µs CPU", f"GET at 64 connections, SQLite: {run}"),
        "write": Assumption(_cpu(results, "POST"), "µs CPU", f"POST at 64 connections, SQLite: {run}"),
        "read-stored": Assumption(row, "of a GET", f"spent in SQLite: {run}"),
        "write-stored": Assumption(stored, "of a POST", f"spent in SQLite and its thread: {run}"),
        "process": Assumption(private, "GiB", f"of a server process after load, a million contacts: {run}"),
    }
    for engine, name in _ENGINES.items():
        size = bytes_.get(engine, bytes_["sqlite"])
        source = f"benchmarks/bytes.json, {size.engine}, {size.contacts:,} contacts"
        found[f"{name}-contact"] = Assumption(size.contact, "bytes", f"with 3 choices and 3 entries: {source}")
        found[f"{name}-row"] = Assumption(size.row, "bytes", f"of that, the row that a read finds: {source}")
        found[f"{name}-change"] = Assumption(size.change, "bytes", f"of data, each further choice: {source}")
        log = max(size.log_first, size.log_later)
        found[f"{name}-log"] = Assumption(log, "bytes", f"of log, each change, the first since a checkpoint: {source}")
    return found


def _on_postgres(run: Postgres | None, found: Mapping[str, Assumption]) -> dict[str, Assumption]:
    """What PostgreSQL costs where a run has measured it: for a statement of one request's own, as pgbench asks, since
    sharing depends on the load; and what a server process does more than with an embedded database."""
    if run is None:
        return {}
    costs = {}
    for name, method in (("read", "GET"), ("write", "POST")):
        alone = median(sample.database_us for sample in targets.of(run, targets.PGBENCH, method, 64))
        serving = median(sample.cpu_us for sample in targets.of(run, targets.OURS, method, 64))
        more = max(0.0, serving - found[name].value * (1 - found[f"{name}-stored"].value))
        about = f"benchmarks/results.json, {run.when}"
        costs[f"database-{name}"] = Assumption(alone, "µs CPU", f"PostgreSQL {run.version} under pgbench: {about}")
        costs[f"driver-{name}"] = Assumption(more, "µs CPU", f"of a server process, more than with SQLite: {about}")
    return costs


_ENGINES = {"sqlite": "sqlite", "postgresql": "postgres"}


def _cpu(results: Results, method: str) -> float:
    return median(sample.cpu_us for sample in targets.of(results, targets.OURS, method, 64))


def plans(demand: Demand, values: Mapping[str, float]) -> list[Plan]:
    """One for each engine, the simplest first."""
    return [_sqlite(demand, values), _postgres(demand, values), _citus(demand, values)]


def advised(demand: Demand, values: Mapping[str, float]) -> Plan:
    """The simplest engine that fits; Citus fits whatever is asked of it."""
    return next(plan for plan in plans(demand, values) if not plan.why_not)


def busy_on_sqlite(demand: Demand, values: Mapping[str, float]) -> float:
    """Cores that one process with its own database keeps busy."""
    return (demand.reads * values["read"] + demand.writes * values["write"]) / 1e6


def changes(demand: Demand, values: Mapping[str, float]) -> float:
    """Choices made in `years`, beside those that a contact came with."""
    return demand.writes * values["mean"] * values["years"] * _YEAR


def stored(demand: Demand, values: Mapping[str, float], engine: str) -> float:
    """Bytes of data when `years` have passed."""
    later = changes(demand, values) * values[f"{engine}-change"]
    return demand.contacts * values[f"{engine}-contact"] + later


def _sqlite(demand: Demand, values: Mapping[str, float]) -> Plan:
    busy, disk = busy_on_sqlite(demand, values), stored(demand, values, "sqlite")
    limits = {"CPU: one process has one event loop": busy / values["busy"], "disk": _disks(disk, values)}
    bound, share = _largest(limits)
    log = demand.writes * values["sqlite-log"]
    memory = _hot(demand, values, "sqlite") + values["process"] * _GIB
    return Plan("SQLite", 1, busy, 1, 0, memory, disk, log, bound, bound if share > 1 else "")


def _postgres(demand: Demand, values: Mapping[str, float]) -> Plan:
    processes, asked = _processes(demand, values)
    busy = (asked * values["database-read"] + demand.writes * values["database-write"]) / 1e6
    disk, memory = stored(demand, values, "postgres"), _hot(demand, values, "postgres")
    bound, share = _largest(_needed(busy, memory, disk, values))
    log = demand.writes * values["postgres-log"]
    standbys = ceil(values["standbys"])
    return Plan("PostgreSQL", processes, busy, 1, standbys, memory, disk, log, bound, bound if share > 1 else "")


def _citus(demand: Demand, values: Mapping[str, float]) -> Plan:
    processes, asked = _processes(demand, values)
    reading = asked * values["database-read"] * values["citus-read"]
    busy = (reading + demand.writes * values["database-write"] * values["citus-write"]) / 1e6
    disk, memory = stored(demand, values, "postgres"), _hot(demand, values, "postgres")
    bound, nodes = _largest(_needed(busy, memory, disk, values))
    # A coordinator, and two workers at the least: with fewer there is nothing to spread.
    primaries = 1 + max(2, ceil(nodes))
    log = demand.writes * values["postgres-log"]
    return Plan("Citus", processes, busy, primaries, ceil(primaries * values["standbys"]), memory, disk, log, bound, "")


def _processes(demand: Demand, values: Mapping[str, float]) -> tuple[int, float]:
    """Server processes of one event loop each, and the point reads a second that they ask the database for."""
    reading = values["read"] * (1 - values["read-stored"]) + values["driver-read"]
    writing = values["write"] * (1 - values["write-stored"]) + values["driver-write"]
    processes = max(2, ceil((demand.reads * reading + demand.writes * writing) / 1e6 / values["busy"]))
    return processes, demand.reads + demand.writes + processes * values["workspaces"]


def _needed(busy: float, memory: float, disk: float, values: Mapping[str, float]) -> dict[str, float]:
    """How many database nodes each resource asks for."""
    return {
        "CPU": busy / values["busy"] / values["cores"],
        "memory": memory / (values["memory"] * _GIB * values["cached"]),
        "disk": _disks(disk, values),
    }


def _disks(disk: float, values: Mapping[str, float]) -> float:
    return disk / (values["disk"] * _TB * values["full"])


def _hot(demand: Demand, values: Mapping[str, float], engine: str) -> float:
    return demand.contacts * values["hot"] * values[f"{engine}-row"]


def _largest(needed: Mapping[str, float]) -> tuple[str, float]:
    return max(needed.items(), key=lambda one: one[1])


def shards(plan: Plan, values: Mapping[str, float]) -> int:
    """A power of two, so that no shard grows over its size and each worker has some."""
    least = max(plan.disk / (values["shard"] * 1e9), 4 * (plan.primaries - 1), 32)
    return int(1 << ceil(least - 1).bit_length())


# Shown.


def table(demands: Iterable[Demand], values: Mapping[str, float]) -> str:
    columns = (
        "Contacts", "Reads/s", "Writes/s", "Choices of each", "Engine", "Server processes", "Database nodes (with standbys)",
        "Busy database cores", "Rows kept in memory", "Disk, one copy", "Log", "Bound by",
    )  # fmt: skip
    rows = [
        columns,
        ("---:", "---:", "---:", "---:", "---", *("---:" for _ in range(6)), "---"),
        *_rows(demands, values),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rows(demands: Iterable[Demand], values: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    for demand in demands:
        best = advised(demand, values)
        for plan in plans(demand, values):
            name = f"**{plan.engine}**" if plan == best else plan.engine
            each = changes(demand, values) / demand.contacts
            asked = (f"{demand.contacts:,.0f}", f"{demand.reads:,.0f}", f"{demand.writes:,.0f}", f"{each:,.0f}", name)
            if plan.why_not:
                yield (*asked, *("" for _ in range(6)), f"does not fit: {plan.why_not}")
                continue
            yield (
                *asked,
                f"{plan.processes}",
                f"{plan.primaries} ({plan.primaries + plan.standbys})",
                f"{plan.busy_cores:,.2f}",
                f"{plan.memory / _GIB:,.1f} GiB",
                f"{plan.disk / 1e9:,.0f} GB",
                f"{plan.log / 1e6:,.2f} MB/s",
                plan.bound_by + (f", {shards(plan, values)} shards" if plan.engine == "Citus" else ""),
            )


def assumed(found: Mapping[str, Assumption], values: Mapping[str, float]) -> str:
    rows = ["| Argument | Value | Unit | Where it is from |", "| --- | ---: | --- | --- |"]
    for name, (value, unit, source) in found.items():
        told = source if values[name] == value else "given on the command line"
        rows.append(f"| `--{name}` | {_number(values[name])} | {unit} | {told} |")
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def measured() -> str:
    """What one node does: the costs, as they were measured."""
    results, found = Results.kept(), sizes.kept()
    rows: list[tuple[str, dict[str, str]]] = [
        ("CPU of a GET, database included, µs", _both(results, "GET")),
        ("CPU of a POST, database included, µs", _both(results, "POST")),
        ("GETs a second on one core, a million contacts", {"sqlite": _rate(results, "get_per_second")}),
        ("POSTs a second on one core, a million contacts", {"sqlite": _rate(results, "post_per_second")}),
        ("Data of a contact with 3 choices and 3 entries, bytes", _each(found, "contact")),
        ("Of these, the row that a read finds, bytes", _each(found, "row")),
        ("Data of each further choice, bytes", _each(found, "change")),
        ("Log of a choice right after a checkpoint, bytes", _each(found, "log_first")),
        ("Log of a choice later, bytes", _each(found, "log_later")),
    ]
    names = " | ".join(f"{size.engine.partition(' (')[0]}" for size in found.values())
    head = [f"| One node | {names} |", f"| --- |{' ---: |' * len(found)}"]
    body = [f"| {name} | {' | '.join(cells.get(engine, '') for engine in found)} |" for name, cells in rows]
    told = f"CPU and rates: benchmarks/results.json, {results.when}; bytes: benchmarks/bytes.json, of "
    told += ", ".join(f"{size.contacts:,} contacts in {size.engine.partition(' ')[0]}" for size in found.values())
    return "\n".join([*head, *body, "", f"{told}."])


def _both(results: Results, method: str) -> dict[str, str]:
    """On PostgreSQL, at 64 connections, requests share statements."""
    cells = {"sqlite": f"{_cpu(results, method):,.0f}"}
    if results.postgres:
        samples = targets.of(results.postgres, targets.OURS, method, 64)
        cells["postgresql"] = f"{median(sample.cpu_us + sample.database_us for sample in samples):,.0f}"
    return cells


def _each(found: Mapping[str, sizes.Bytes], name: str) -> dict[str, str]:
    return {engine: f"{getattr(size, name):,.0f}" for engine, size in found.items()}


def _rate(results: Results, name: str) -> str:
    return f"{getattr(results.million, name):,.0f}" if results.million else ""


def planned() -> str:
    values = {name: one.value for name, one in assumptions().items()}
    return table(DEMANDS, values)


def given() -> str:
    found = assumptions()
    return assumed(found, {name: one.value for name, one in found.items()})


#: What stands in the page, each between its marks.
BLOCKS = {"measured": measured, "planned": planned, "assumed": given}


def block(page: str, name: str) -> str:
    return page.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0].strip()


def document() -> None:
    page = PAGE.read_text("utf-8")
    for name, make in BLOCKS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n\n{make()}\n\n{end}{rest.split(end)[1]}"
    PAGE.write_text(page, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    found = assumptions()
    for name, about in (
        ("contacts", "how many"),
        ("reads", "GETs a second at the peak"),
        ("writes", "choices a second"),
    ):
        parser.add_argument(f"--{name}", type=float, help=about)
    for name, (value, unit, source) in found.items():
        about = f"{unit} ({_number(value)}); {source}".replace("%", "%%")
        parser.add_argument(f"--{name}", type=float, default=value, help=about)
    parser.add_argument("--document", action="store_true", help="write the table in docs/explanation/scale.md anew")
    asked = vars(parser.parse_args())
    if asked["document"]:
        document()
        return
    values = {name: asked[name.replace("-", "_")] for name in found}
    demand = [asked[name] for name in Demand._fields]
    if any(one is not None for one in demand) and None in demand:
        parser.error("--contacts, --reads and --writes go together")
    print(table(DEMANDS if None in demand else [Demand(*demand)], values))
    print()
    print(assumed(found, values))


if __name__ == "__main__":
    main()
