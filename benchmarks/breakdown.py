"""Where the time of one request goes."""

from __future__ import annotations

from pathlib import Path

from benchmarks import servers
from benchmarks.results import Steps
from benchmarks.wrk import Load

LOADS = (("GET", 64), ("POST", 64), ("POST", 1))


def steps(folder: Path, database: Path, load: Load) -> list[Steps]:
    """µs by step, of our server with stopwatches in it."""
    with servers.sayso(folder, database, "sayso timed", module="benchmarks.timed") as server:
        found = []
        for method, connections in LOADS:
            before = server.get("/timings").json()
            load.sample(server, method, connections)
            after = server.get("/timings").json()
            spent = {name: after[name] - before.get(name, 0.0) for name in after}
            found.append(_steps(method, connections, spent))
        return found


def _steps(method: str, connections: int, spent: dict[str, float]) -> Steps:
    requests = int(spent[method])

    def us(name: str) -> float:
        return spent.get(name, 0.0) / requests * 1e6

    read, rules, handed = us("read"), us("rules"), us("hand-over")
    written, committed, carried = us("statements"), us("commit"), us("checkpoint")
    commits = spent.get("commit count", 0.0)
    cpu = {
        "HTTP and the event loop": us("loop") - us("answer") - handed,
        "token, rate window, version, route, JSON": us("answer") - read - rules,
        "read the contact's row": read,
        "rules and hash": rules,
        "hand-over to the writer thread and back": handed + us("others") - written - committed - carried,
        "statements": written,
        "commit: write the log and sync it": committed,
        "checkpoint": carried,
    }
    wall = us("commit wall")
    shown = {step: max(0.0, spent_us) for step, spent_us in cpu.items()}
    return Steps(method, connections, requests, shown, wall, requests / commits if commits else 0.0)
