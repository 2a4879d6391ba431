"""The load: wrk on a core of its own, with requests that a Lua script makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from math import gcd
from pathlib import Path

from benchmarks import cpu
from benchmarks.load import CHOSEN, TYPES
from benchmarks.results import Sample
from benchmarks.servers import CLIENT_CORE, TOKEN, Server, pinned

_SCRIPT = Path(__file__).with_name("subscriptions.lua")
_STRIDE = 1_618_033

#: How long a server may go on after its turn, in tenths of a second.
_SETTLING = 100


@dataclass
class Load:
    """Requests for the contacts whose ids are in a file. The POSTs of a database go on where its last ones ended."""

    ids: Path
    contacts: int
    seconds: float

    def __post_init__(self) -> None:
        self._sent: dict[Path | str | None, int] = {}
        self._seed = 0
        pairs = self.contacts * (TYPES - CHOSEN)
        self._stride = next(step for step in range(_STRIDE, 2 * _STRIDE) if gcd(step, pairs) == 1)

    def sample(self, server: Server, method: str, connections: int, round_: int = 0) -> Sample:
        """Ask for `seconds`, and give what came of it."""
        if method == "GET":
            start = self._seed = self._seed + 1
        else:
            start = self._sent.get(server.database, 0)
        arguments = (method, self.ids, start, self._stride, TYPES, CHOSEN)
        sample = measured(
            server, command(server, connections, self.seconds, _SCRIPT, *arguments), method, connections, round_
        )
        if method == "POST":
            # Those on their way when the time was up may have been carried out too.
            self._sent[server.database] = start + sample.requests + 2 * connections
        return sample


def command(server: Server, connections: int, seconds: float, script: Path, *arguments: object) -> list[str]:
    url = f"http://127.0.0.1:{server.port}/"
    options = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s"]
    options += ["-H", f"Authorization: Bearer {TOKEN}", "-s", str(script), url, "--"]
    return [*pinned(CLIENT_CORE, server), "wrk", *options, *map(str, arguments)]


def measured(server: Server, asking: list[str], method: str, connections: int, round_: int = 0) -> Sample:
    """Run wrk, and give what came of it."""
    machine, used, stored = cpu.of_machine(), server.cpu_seconds(), server.database_seconds()
    told, client_cpu = _wrk(asking)
    machine, used = cpu.of_machine() - machine, server.cpu_seconds() - used
    stored = server.database_seconds() - stored
    _accepted(server, told)
    settled(server)
    seconds = told["microseconds"] / 1e6
    return Sample(
        round=round_,
        server=server.name,
        method=method,
        connections=connections,
        requests=told["requests"],
        seconds=seconds,
        cpu_seconds=used,
        p50=told["p50"],
        p99=told["p99"],
        refused=told["refused"],
        broken=told["broken"],
        others=max(0.0, (machine - used - stored - client_cpu) / seconds),
        database_cpu_seconds=stored,
    )


def is_there() -> bool:
    return shutil.which("wrk") is not None


def _accepted(server: Server, told: dict[str, int]) -> None:
    """A server that refuses or drops more than one request in a hundred is not measured. Raises SystemExit."""
    wrong = told["refused"] + told["broken"]
    if wrong * 100 > told["requests"]:
        raise SystemExit(f"{server.name} did not answer {wrong} of {told['requests']} requests with 200")


def settled(server: Server) -> None:
    """Wait until the server has done what was on its way when the time was up: the next one's turn is its own."""
    for _ in range(_SETTLING):
        used = server.cpu_seconds()
        time.sleep(0.1)
        if server.cpu_seconds() == used:
            return


def _wrk(command: list[str]) -> tuple[dict[str, int], float]:
    """What wrk counted, and the CPU seconds it took itself."""
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    summary = [line for line in done.stdout.splitlines() if line.startswith("SUMMARY ")]
    if not summary:
        raise SystemExit(f"wrk failed:\n{done.stdout}{done.stderr}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(summary[0].removeprefix("SUMMARY ")), spent
