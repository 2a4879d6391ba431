"""Measure: `make bench`, or `python -m benchmarks --quick` while developing."""

from __future__ import annotations

import argparse
import shutil
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx2

from benchmarks import servers, wrk
from benchmarks.load import DATA, prepared
from benchmarks.rounds import Sync, measured
from benchmarks.servers import Server
from benchmarks.wrk import Load, Sample


def main() -> None:
    asked = _arguments()
    if not wrk.is_there():
        raise SystemExit("wrk is missing, which makes the load (on Debian: apt-get install wrk)")
    database, ids = prepared(asked.contacts)
    folder = DATA / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    ours = folder / "sayso.db"
    shutil.copyfile(database, ours)
    load = Load(ids, asked.contacts, asked.seconds)
    with ExitStack() as stack:
        sayso = stack.enter_context(servers.sayso(folder, ours))
        body = folder / "body.json"
        body.write_bytes(_body(sayso, ids))
        constant = stack.enter_context(servers.constant(folder, body))
        samples: list[Sample] = []
        for figure in measured(asked.rounds, [constant, sayso], [constant, sayso], load, folder):
            if isinstance(figure, Sync):
                print(f"{figure.round} fdatasync {figure.p50:.0f} us")
                continue
            samples.append(figure)
            print(
                f"{figure.round} {figure.server:10} {figure.method:4} c={figure.connections:<3} {figure.per_second:9.0f}/s"
                f" {figure.cpu_us:8.1f} us CPU  p50 {figure.p50} p99 {figure.p99} us"
                f" refused {figure.refused} broken {figure.broken} others {figure.others:.2f}",
                flush=True,
            )
    for method in ("GET", "POST"):
        for connections in (1, 64):
            by = {
                name: [s.cpu_us for s in samples if (s.server, s.method, s.connections) == (name, method, connections)]
                for name in ("constant", "sayso")
            }
            ratios = [ours / theirs for ours, theirs in zip(by["sayso"], by["constant"], strict=True)]
            print(
                f"{method} c={connections}: {median(by['sayso']):.1f} us CPU, {median(ratios):.2f} times the constant app"
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--contacts", type=int, default=100_000)
    return parser.parse_args()


def _body(server: Server, ids: Path) -> bytes:
    """What the first contact's subscriptions are answered with: the constant answers are of its size."""
    contact_id = ids.open().readline().strip()
    url = f"http://127.0.0.1:{server.port}/contacts/{contact_id}/subscriptions"
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {servers.TOKEN}"})
    assert answer.status_code == 200, answer.text
    return answer.content


if __name__ == "__main__":
    main()
