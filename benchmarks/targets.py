"""What is to be reached, and what was: figures computed from a run's results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks import report_curve
from benchmarks.results import Curve, Footprint, GroupCommit, Postgres, Results, Sample, Search, SlowSearches

OURS = "sayso"
WORKERS = "sayso-2"
CONSTANT = "constant"
NGINX = "nginx"
PGBENCH = "pgbench"
PEER = "orm-"

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target and what was reached. `key` names it where a cause is kept."""

    key: str
    figure: str
    target: str
    value: float
    reached: str
    met: bool


def of(results: Results | Postgres, server: str, method: str, connections: int) -> list[Sample]:
    """A server's samples under one load, by round."""
    wanted = (server, method, connections)
    found = [s for s in results.samples if (s.server, s.method, s.connections) == wanted]
    return sorted(found, key=lambda sample: sample.round)


def cpu_ratio(results: Results | Postgres, over: str, method: str, connections: int) -> float:
    """Our CPU time per request over another server's: inside each round, then the median."""
    ours, theirs = of(results, OURS, method, connections), of(results, over, method, connections)
    return median(our.cpu_us / their.cpu_us for our, their in zip(ours, theirs, strict=True))


def wall_ratio(results: Results | Postgres, over: str, method: str, connections: int, our: str = OURS) -> float:
    """Our throughput over another server's: inside each round, then the median."""
    ours, theirs = of(results, our, method, connections), of(results, over, method, connections)
    return median(one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True))


def better_peer(results: Results | Postgres, method: str, connections: int) -> str:
    """The pool size that served this load best."""
    peers = {sample.server for sample in results.samples if sample.server.startswith(PEER)}
    return max(
        sorted(peers), key=lambda peer: median(s.per_second for s in of(results, peer, method, connections)), default=""
    )


def syncs_per_post(results: Results) -> float:
    """The median latency of a POST at 1 connection, in fdatasyncs of the same round."""
    syncs = {sync.round: sync.p50 for sync in results.syncs}
    return median(sample.p50 / syncs[sample.round] for sample in of(results, OURS, "POST", 1))


def per_sync(counted: GroupCommit) -> float:
    """Acknowledged writes per sync: no more of them than were written."""
    return min(counted.acknowledged, counted.rows) / max(counted.syncs, 1)


def outcomes(results: Results) -> list[Outcome]:
    """Every target, in the order of the report."""
    found = [*_speed(results), *_writes(results)]
    found.append(_at_most("idle", "Resident when idle", 60, results.idle_resident / _MIB, "MiB"))
    if results.million is not None:
        found += _million(results.million)
    if results.search is not None:
        found += search_outcomes(results.search)
    if results.slow_searches is not None:
        found += slow_search_outcomes(results.slow_searches)
    if results.postgres is not None:
        found += postgres_outcomes(results.postgres)
    if results.curve is not None:
        found += curve_outcomes(results.curve)
    return found


def _speed(results: Results) -> Iterator[Outcome]:
    for connections in (64, 1):
        ratio = cpu_ratio(results, CONSTANT, "GET", connections)
        figure = f"GET, CPU over the constant-body app, {_connections(connections)}"
        yield _at_most(f"get-cpu-{connections}", figure, 1.7, ratio, "times")
    for method, connections, least in (("GET", 64, 50), ("GET", 1, 10), ("POST", 64, 30), ("POST", 1, 5)):
        peer = better_peer(results, method, connections)
        if peer:
            ratio = wall_ratio(results, peer, method, connections)
            figure = f"{method}, throughput over the user's stack, {_connections(connections)}"
            yield _at_least(f"{method.lower()}-wall-{connections}", figure, least, ratio, "times")


def _writes(results: Results) -> Iterator[Outcome]:
    for counted in results.group_commits:
        if counted.connections == 64:
            figure = "Acknowledged writes per sync, 64 connections"
            yield _at_least("writes-per-sync", figure, 8, per_sync(counted), "")
    yield _at_most("post-p50", "POST p50 at 1 connection, in fdatasyncs", 7, syncs_per_post(results), "")


def _million(found: Footprint) -> Iterator[Outcome]:
    private = found.after_private / _MIB
    yield _at_most("private", "Private memory, a million contacts, after load", 150, private, "MiB")
    yield _at_most("file", "File per contact, 3 choices and 3 entries", 1500, found.file_before / found.contacts, "B")
    yield _at_most("start", "Start on a million contacts", 1, found.start_seconds, "s")


def encoded_ratio(found: Search, name: str) -> float:
    """Our CPU time over the constant-body app's and the encoding's: inside each round, then the median."""
    encoding = next(each.us for each in found.encodings if each.name == name)
    samples = {(sample.round, sample.server): sample.cpu_us for sample in found.samples if sample.method == name}
    rounds = sorted({round_ for round_, _ in samples})
    return median(samples[at, OURS] / (samples[at, f"{CONSTANT} {name}"] + encoding) for at in rounds)


def search_outcomes(found: Search) -> Iterator[Outcome]:
    for name, figure in (
        ("id", "GET /contacts/{id}"),
        ("email", "Search by email"),
        ("external_id", "Search by external_id"),
    ):
        ratio = encoded_ratio(found, name)
        title = f"{figure}, CPU over the constant-body app and encoding"
        yield _at_most(f"search-{name}", title, 1.8, ratio, "times")
    for name, figure in (("many updated", "most contacts"), ("few updated", "one in a thousand")):
        cpu = median(sample.cpu_us for sample in found.samples if (sample.server, sample.method) == (OURS, name))
        title = f"A page of 50 by updated_at, {figure}, CPU from the second on"
        yield _at_most(f"search-{name.replace(' ', '-')}", title, 3, cpu / 1000, "ms")
    ours, theirs = (
        [s.per_second for s in found.samples if s.method == "create" and s.server.startswith(server)]
        for server in (OURS, PEER)
    )
    if theirs:
        ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
        yield _at_least("create-wall", "Create, throughput over the user's stack, 64 connections", 15, ratio, "times")
    most = max(found.load.resident) / _MIB
    title = f"Resident while {found.load.contacts:,} contacts are loaded by the API"
    yield _at_most("load-resident", title, 300, most, "MiB")


def slow_p99(found: SlowSearches, kind: str, *, searching: bool) -> float:
    """In ms, the median of the rounds."""
    return median(each.p99[kind] for each in found.rounds if bool(each.searchers) is searching)


def slow_ratio(found: SlowSearches, kind: str) -> float:
    """With searches over without: inside each round, then the median."""
    p99 = {(each.round, bool(each.searchers)): each.p99[kind] for each in found.rounds}
    return median(p99[at, True] / p99[at, False] for at in sorted({each.round for each in found.rounds}))


def slow_search_outcomes(found: SlowSearches) -> Iterator[Outcome]:
    slowest = max(slow_p99(found, kind, searching=True) for kind in found.rounds[0].p99)
    yield _at_most("slow-p99", "p99 of the slowest kind of request beside the worst searches", 50, slowest, "ms")
    failures = sum(len(each.failures) for each in found.rounds)
    yield _at_most("slow-failures", "Failures of other requests beside the worst searches", 0, failures, "")
    log = max(each.log for each in found.rounds) / _MIB
    yield _at_most("slow-log", "Write-ahead log beside the worst searches", 128, log, "MiB")


def postgres_outcomes(found: Postgres) -> Iterator[Outcome]:
    for method, of_pgbench, of_peer in (("GET", 0.45, 40), ("POST", 0.8, 20)):
        ratio = wall_ratio(found, PGBENCH, method, 64)
        figure = f"PostgreSQL: {method}, throughput over pgbench, 64 connections"
        yield _at_least(f"postgres-{method.lower()}-pgbench", figure, of_pgbench, ratio, "times")
        peer = better_peer(found, method, 64)
        if peer:
            ratio = wall_ratio(found, peer, method, 64)
            figure = f"PostgreSQL: {method}, throughput over the user's stack, 64 connections"
            yield _at_least(f"postgres-{method.lower()}-wall", figure, of_peer, ratio, "times")
    most = max((worker.proportional for worker in found.workers), default=0) / _MIB
    yield _at_most("postgres-worker", "PostgreSQL: memory of a worker, after load", 70, most, "MiB")


def curve_outcomes(found: Curve) -> Iterator[Outcome]:
    for engine, name in report_curve.ENGINES.items():
        spreads = report_curve.spreads(found, engine)
        if spreads:
            kind, connections = max(spreads, key=spreads.__getitem__)
            most = f"{kind} at {_connections(connections)}"
            figure = f"{name}: CPU of a request at the most expensive number of contacts over the cheapest ({most})"
            yield _at_most(f"curve-{engine}", figure, 1.3, spreads[kind, connections], "times")
    for kind, statement, most_times in (("choice", "pgbench POST", 3), ("GET", "pgbench GET", 2)):
        ratios = report_curve.over_pgbench(found, kind, statement)
        if ratios:
            title = f"PostgreSQL: time in statements of a {kind} over pgbench's, 1 connection, any number of contacts"
            yield _at_most(f"curve-{kind.lower()}-pgbench", title, most_times, max(ratios.values()), "times")


def _connections(number: int) -> str:
    return f"{number} connection{'s' if number > 1 else ''}"


def _at_most(key: str, figure: str, most: float, value: float, unit: str) -> Outcome:
    return Outcome(key, figure, f"at most {_number(most)} {unit}".strip(), value, _reached(value, unit), value <= most)


def _at_least(key: str, figure: str, least: float, value: float, unit: str) -> Outcome:
    return Outcome(key, figure, f"at least {least} {unit}".strip(), value, _reached(value, unit), value >= least)


def _reached(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"
