"""The part of the report about what a request costs at each number of contacts, and its chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.chart import Panel, drawn
from benchmarks.results import Curve
from benchmarks.table import table

CHART = Path(__file__).with_name("curve.svg")

ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}

NAMES = {
    "GET": "GET a contact's subscriptions",
    "list": "GET /contacts, 50 a page",
    "email": "search, `email =`",
    "choice": "a choice",
    "create": "POST /contacts",
    "pgbench GET": "pgbench, one read",
    "pgbench POST": "pgbench, one write",
}

_LOADED = """\
µs of CPU per request: of the server, and on PostgreSQL of its backends too; the median of the rounds. Contacts are loaded
and analysed. 0 is a workspace with the 100 contacts that are asked for. Most/least: the most expensive size over the
cheapest."""

_GROWN = """\
The same while a workspace grows from empty through the running server, which has asked since the first contact and is not
restarted; autovacuum is off, so PostgreSQL has no statistics at any size. A create is measured on the way to a size."""

_STATEMENTS = """\
Time in PostgreSQL's statements (`pg_stat_statements`, without COMMIT) per request at 1 connection, over that of pgbench's
one statement at the same size in the same round."""


def part(found: Curve | None) -> str:
    if found is None:
        return ""
    parts = [
        "### What a request costs, by the number of contacts",
        f"![CPU per request over the number of contacts]({CHART.name})",
        f"{_LOADED} Measured {found.when}: {found.rounds} rounds of {found.seconds:g} s.",
        *_tables(found, grown=False),
    ]
    ratios = _ratios(found)
    if ratios:
        parts += [_STATEMENTS, ratios]
    return "\n\n".join([*parts, _GROWN, *_tables(found, grown=True)])


def chart(found: Curve) -> str:
    """The SVG."""
    sizes = contacts(found, grown=False)
    panels = [
        Panel(
            f"{name}, {connections} connection{'s' * (connections > 1)}",
            {
                NAMES[kind].replace("`", ""): [cost(found, engine, size, kind, connections) for size in sizes]
                for kind in kinds(found, engine, connections, grown=False)
            },
        )
        for engine, name in ENGINES.items()
        for connections in (1, 64)
        if kinds(found, engine, connections, grown=False)
    ]
    return drawn(panels, [_short(size) for size in sizes], "contacts", "CPU µs per request")


def contacts(found: Curve, *, grown: bool) -> list[int]:
    return sorted({sample.contacts for sample in found.samples if sample.grown is grown})


def kinds(found: Curve, engine: str, connections: int, *, grown: bool) -> list[str]:
    there = {s.kind for s in found.samples if (s.engine, s.connections, s.grown) == (engine, connections, grown)}
    return [kind for kind in NAMES if kind in there]


def cost(found: Curve, engine: str, size: int, kind: str, connections: int, *, grown: bool = False) -> float | None:
    """CPU µs, the median of the rounds."""
    wanted = (engine, size, kind, connections, grown)
    costs = [s.cost for s in found.samples if (s.engine, s.contacts, s.kind, s.connections, s.grown) == wanted]
    return median(costs) if costs else None


def spread(costs: Sequence[float | None]) -> float:
    """The most expensive over the cheapest."""
    known = [each for each in costs if each is not None]
    return max(known) / min(known)


def spreads(found: Curve, engine: str) -> dict[tuple[str, int], float]:
    """By kind of request and number of connections; pgbench's own are no requests."""
    sizes = contacts(found, grown=False)
    return {
        (kind, connections): spread([cost(found, engine, size, kind, connections) for size in sizes])
        for connections in (1, 64)
        for kind in kinds(found, engine, connections, grown=False)
        if not kind.startswith("pgbench")
    }


def over_pgbench(found: Curve, kind: str, statement: str) -> dict[int, float]:
    """By size, a request's time in statements over that of pgbench's: inside each round, then the median."""
    ratios: dict[int, list[float]] = {}
    theirs = {(s.round, s.contacts): s.statement_us for s in found.samples if (s.kind, s.connections) == (statement, 1)}
    for sample in found.samples:
        of_pgbench = theirs.get((sample.round, sample.contacts))
        if (sample.engine, sample.kind, sample.connections, sample.grown) == (
            "postgres",
            kind,
            1,
            False,
        ) and of_pgbench:
            ratios.setdefault(sample.contacts, []).append(sample.statement_us / of_pgbench)
    return {size: median(each) for size, each in sorted(ratios.items())}


def _tables(found: Curve, *, grown: bool) -> Iterator[str]:
    sizes = contacts(found, grown=grown)
    for engine, name in ENGINES.items():
        rows = []
        for connections in (1, 64):
            for kind in kinds(found, engine, connections, grown=grown):
                costs = [cost(found, engine, size, kind, connections, grown=grown) for size in sizes]
                told = ["" if each is None else f"{each:,.0f}" for each in costs]
                rows.append((NAMES[kind], str(connections), *told, f"{spread(costs):.2f}"))
        if rows:
            yield table((name, "Connections", *(_short(size) for size in sizes), "Most/least"), rows)


def _ratios(found: Curve) -> str:
    rows = []
    for kind, statement in (("GET", "pgbench GET"), ("choice", "pgbench POST")):
        ratios = over_pgbench(found, kind, statement)
        if ratios:
            rows.append((NAMES[kind], *(f"{ratio:.2f}" for ratio in ratios.values())))
    if not rows:
        return ""
    return table(("Over pgbench", *(_short(size) for size in contacts(found, grown=False))), rows)


def _short(size: int) -> str:
    return f"{size // 1_000_000:,} M" if size and size % 1_000_000 == 0 else f"{size:,}"
