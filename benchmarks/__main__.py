"""Measure: `make bench`, or `python -m benchmarks --quick` while developing."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import capacity, curve, growth, machine, postgres, report, search, servers, slow_searches, wrk
from benchmarks.breakdown import steps
from benchmarks.durability import group_commits, ledger_rows
from benchmarks.footprint import footprint
from benchmarks.load import DATA, prepared
from benchmarks.peers.fastapi_orm import filled_from
from benchmarks.results import (
    Curve,
    CurveSample,
    Footprint,
    Growth,
    GrowthSample,
    Postgres,
    Results,
    Sample,
    Search,
    SlowSearches,
    Sync,
    Written,
)
from benchmarks.rounds import measured
from benchmarks.servers import Server
from benchmarks.wrk import Load

POOL_SIZES = (5, 20)


def main() -> None:
    asked = _arguments()
    if asked.report:
        report.write(Results.kept())
        return
    if not wrk.is_there():
        raise SystemExit("wrk is missing, which makes the load (on Debian: apt-get install wrk)")
    if not servers.has_nginx():
        print("nginx is missing, so nothing is compared with it (on Debian: apt-get install nginx-light)")
    results = _anew(asked) if asked.only in _PARTS else _run(asked)
    print()
    print(report.rendered(results))
    if asked.write:
        results.keep()
        report.write(results)
        capacity.document()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help="how many rounds (5; with --quick 2)")
    parser.add_argument("--seconds", type=float, help="how long each load lasts in each round (3; with --quick 1)")
    parser.add_argument("--contacts", type=int, default=100_000, help="how many contacts are stored (100000)")
    parser.add_argument("--quick", action="store_true", help="a short look: no million, nothing written")
    parser.add_argument(
        "--only",
        choices=["constant", *_PARTS],
        help="the constant-body app, or one part alone, put beside what is in results.json",
    )
    parser.add_argument("--million", action=argparse.BooleanOptionalAction, help="load a million contacts too")
    parser.add_argument("--postgres", action=argparse.BooleanOptionalAction, default=True, help="PostgreSQL too")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="write README.md and results.json")
    parser.add_argument("--report", action="store_true", help="write README.md anew from results.json, and stop")
    asked = parser.parse_args()
    asked.rounds = asked.rounds or (2 if asked.quick else 5)
    asked.seconds = asked.seconds or (1.0 if asked.quick else 3.0)
    for name in ("million", "write"):
        if getattr(asked, name) is None:
            setattr(asked, name, not asked.quick)
    return asked


def _run(asked: argparse.Namespace) -> Results:
    database, ids = prepared(asked.contacts)
    folder = _empty(DATA / "run")
    ours, theirs = folder / "sayso.db", folder / "orm.db"
    shutil.copyfile(database, ours)
    load = Load(ids, asked.contacts, asked.seconds)
    with ExitStack() as stack:
        sayso = stack.enter_context(servers.sayso(folder, ours))
        idle = sayso.memory().resident
        body = _body(folder, sayso, ids)
        constant = stack.enter_context(servers.constant(folder, body))
        readers, writers = [constant, sayso], [constant, sayso]
        if not asked.only:
            if servers.has_nginx():
                readers.insert(0, stack.enter_context(servers.nginx(folder, body)))
            peers = _peers(stack, folder, database, theirs)
            readers += peers
            writers += peers
        databases = {server.name: server.database for server in writers if server.database}
        rows = {name: ledger_rows(path) for name, path in databases.items()}
        samples, syncs = _rounds(asked, readers, writers, load, folder)
        written = [_written(name, samples, ledger_rows(path) - rows[name]) for name, path in databases.items()]
    # The servers with strace and with stopwatches go on where the plain one left off.
    counted = group_commits(folder, ours, load, (64, 1))
    found_steps = steps(folder, ours, load)
    return Results(
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        command=shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        machine=machine.described(),
        rounds=asked.rounds,
        seconds=asked.seconds,
        contacts=asked.contacts,
        body_bytes=body.stat().st_size,
        samples=samples,
        syncs=syncs,
        written=written,
        idle_resident=idle,
        group_commits=counted,
        steps=found_steps,
        million=_million(asked, folder),
        search=_search(asked, folder) if asked.million else None,
        slow_searches=None if asked.only == "constant" else _slow_searches(asked, folder),
        postgres=_postgres(asked, folder) if asked.postgres and asked.only != "constant" else None,
        curve=None if asked.only == "constant" else _curve(asked, folder),
        growth=None if asked.only == "constant" else _growth(asked, folder),
    )


def _million(asked: argparse.Namespace, folder: Path) -> Footprint | None:
    return footprint(folder, 1_000_000, asked.seconds) if asked.million else None


def _search(asked: argparse.Namespace, folder: Path) -> Search:
    return search.measured(1_000_000, 1_000_000, asked.rounds, asked.seconds, folder, _tell)


def _slow_searches(asked: argparse.Namespace, folder: Path) -> SlowSearches:
    contacts = 20_000 if asked.quick else 200_000
    return slow_searches.measured(contacts, 1 if asked.quick else asked.rounds, 3 * asked.seconds, folder)


def _postgres(asked: argparse.Namespace, folder: Path) -> Postgres | None:
    """With --quick a round of one pool: most of it is loading."""
    if why_not := postgres.why_not():
        print(f"PostgreSQL is not measured: {why_not}", flush=True)
        return None
    rounds, pools = (1, POOL_SIZES[-1:]) if asked.quick else (asked.rounds, POOL_SIZES)
    print(f"PostgreSQL: loading {asked.contacts:,} contacts", flush=True)
    return postgres.measured(rounds, asked.seconds, asked.contacts, pools, folder, _tell)


def _curve(asked: argparse.Namespace, folder: Path) -> Curve:
    """With --quick a round of the smallest sizes."""
    on_postgres = asked.postgres and not postgres.why_not()
    if asked.quick:
        return curve.measured((0, 1_000), (200, 800), 1, 0.3, folder, _tell_cost, on_postgres=on_postgres)
    sizes = curve.SIZES if asked.million else curve.SIZES[:-1]
    rounds, seconds = min(asked.rounds, 5), min(asked.seconds, 1.0)
    return curve.measured(sizes, curve.GROWN, rounds, seconds, folder, _tell_cost, on_postgres=on_postgres)


def _growth(asked: argparse.Namespace, folder: Path) -> Growth:
    """With --quick of one of each."""
    if asked.quick:
        return growth.measured(1, 0.05, folder, _tell_growth, most=1)
    return growth.measured(min(asked.rounds, 3), min(asked.seconds, 1.0), folder, _tell_growth)


#: What can be measured without the rest.
_PARTS = {
    "postgres": _postgres,
    "million": _million,
    "slow_searches": _slow_searches,
    "curve": _curve,
    "growth": _growth,
}


def _anew(asked: argparse.Namespace) -> Results:
    """What was kept, with one part measured now."""
    found = _PARTS[asked.only](asked, _empty(DATA / "run"))
    return replace(Results.kept(), **{asked.only: found})


def _peers(stack: ExitStack, folder: Path, ours: Path, first: Path) -> list[Server]:
    """The user's stack at each pool size, each on a database of its own."""
    filled_from(ours, first)
    started = []
    for size in POOL_SIZES:
        database = folder / f"orm-{size}.db"
        shutil.copyfile(first, database)
        started.append(stack.enter_context(servers.orm(folder, database, size)))
    first.unlink()
    return started


def _rounds(
    asked: argparse.Namespace, readers: list[Server], writers: list[Server], load: Load, folder: Path
) -> tuple[list[Sample], list[Sync]]:
    samples, syncs = [], []
    for figure in measured(asked.rounds, readers, writers, load, folder):
        if isinstance(figure, Sync):
            syncs.append(figure)
            print(f"{figure.round} fdatasync {figure.p50:.0f} us", flush=True)
        else:
            samples.append(figure)
            _tell(figure)
    return samples, syncs


def _tell(sample: Sample) -> None:
    print(
        f"{sample.round} {sample.server:8} {sample.method:4} c={sample.connections:<3}"
        f" {sample.per_second:9.0f}/s {sample.cpu_us:8.1f} us CPU"
        f"  p50 {sample.p50} p99 {sample.p99} us  refused {sample.refused} broken {sample.broken}"
        f"  others {sample.others:.2f}"
        + (f"  PostgreSQL {sample.database_us:.1f} us CPU" if sample.database_cpu_seconds else ""),
        flush=True,
    )


def _tell_cost(sample: CurveSample) -> None:
    print(
        f"{sample.round} {sample.engine:8} {sample.contacts:9,} {'grown ' if sample.grown else 'loaded'}"
        f" {sample.kind:12} c={sample.connections:<3} {sample.cost:9.1f} us CPU"
        + (f"  of PostgreSQL {sample.database_us:.1f}" if sample.database_us else "")
        + (f", {sample.statement_us:.1f} us in statements" if sample.statement_us else ""),
        flush=True,
    )


def _tell_growth(sample: GrowthSample) -> None:
    print(f"{sample.thing:40} {sample.number:6,} {sample.request:40} {sample.cost:9.1f} us CPU", flush=True)


def _written(server: str, samples: list[Sample], rows: int) -> Written:
    posts = [sample for sample in samples if (sample.server, sample.method) == (server, "POST")]
    return Written(server, sum(sample.requests - sample.refused for sample in posts), rows)


def _body(folder: Path, server: Server, ids: Path) -> Path:
    """What the first contact's subscriptions are answered with: the constant answers are of its size."""
    with ids.open() as lines:
        contact_id = lines.readline().strip()
    body = folder / "body.json"
    body.write_bytes(server.get(f"/contacts/{contact_id}/subscriptions").content)
    return body


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
