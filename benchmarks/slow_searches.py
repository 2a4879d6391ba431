"""What others notice while one token sends the worst searches there are: SQLite, one process.

`python -m benchmarks.slow_searches` measures this part alone, on fewer contacts where `--contacts` says so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import report_slow_searches, servers
from benchmarks.load import DATA, prepared
from benchmarks.results import SearchRound, SlowSearches
from benchmarks.servers import TOKEN

#: How many clients of the one token search, and after how many seconds each goes away without an answer.
SEARCHERS = 16
GONE_AFTER = 1.0

#: How many others work meanwhile, and how long each rests between two requests, in seconds.
WORKERS = 4
REST = 0.005

KINDS = ("GET", "list", "attach", "detach", "tag", "merge")


def worst_searches() -> Iterator[dict[str, Any]]:
    """Searches within the limits that no index helps, each slower than any deadline on 200,000 contacts."""
    kinds = [("email_domain", "~"), ("name", "~"), ("email", "$"), ("id", "~")]
    for number in range(1_000_000):
        name, operator = kinds[number % len(kinds)]
        rows = [
            [{"field": name, "operator": operator, "value": f"zz{number}{row}x{column}"} for column in range(15)]
            for row in range(15)
        ]
        groups = [{"operator": "OR", "value": row} for row in rows]
        yield {"query": {"operator": "OR", "value": groups}, "pagination": {"per_page": 1}}


@dataclass(slots=True)
class Outcome:
    """Seconds of each answer by kind of request, answers that are failures, what became of searches by status, and the
    longest log in bytes."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    failures: list[str] = field(default_factory=list)
    searches: Counter[str] = field(default_factory=Counter)
    log: int = 0

    def p99(self, kind: str) -> float:
        """In ms."""
        ordered = sorted(self.seconds[kind])
        return ordered[int(len(ordered) * 0.99)] * 1000 if ordered else float("inf")


class Client:
    """One connection that is kept; requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        answer = await self._reader.readexactly(length)
        return int(lines[0].split()[1]), json.loads(answer) if answer else None


@asynccontextmanager
async def client(port: int, token: str) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer, token)
    finally:
        writer.transport.abort()


async def load(
    port: int, ids: list[str], tokens: tuple[str, str], log: Path, seconds: float, searchers: int
) -> Outcome:
    """Work as one of the two tokens, and search as the other."""
    outcome = Outcome()
    until = time.perf_counter() + seconds
    searches = worst_searches()
    work = [_work(port, ids, tokens[0], until, outcome, number) for number in range(WORKERS)]
    search = [_search(port, tokens[1], until, outcome, searches) for _ in range(searchers)]
    await asyncio.gather(_watch(log, until, outcome), *work, *search)
    return outcome


async def _work(port: int, ids: list[str], token: str, until: float, outcome: Outcome, number: int) -> None:
    choose = random.Random(number)
    async with client(port, token) as one:
        _, tag = await one.ask("POST", "/tags", {"name": f"tag {number}"})
        while time.perf_counter() < until:
            contact = f"/contacts/{choose.choice(ids)}"
            subscriptions = f"{contact}/subscriptions"
            requests: list[tuple[str, str, str, Any]] = [
                ("GET", "GET", contact, None),
                ("list", "GET", "/contacts?per_page=50", None),
                ("attach", "POST", subscriptions, {"id": "1", "consent_type": "opt_in"}),
                ("detach", "DELETE", f"{subscriptions}/1", None),
                ("tag", "POST", f"{contact}/tags", {"id": tag["id"]}),
            ]
            for kind, *request in requests:
                await _timed(outcome, kind, one.ask(*request))
            _, lead = await one.ask("POST", "/contacts", {"role": "lead"})
            merge = {"from": lead["id"], "into": contact.rpartition("/")[2]}
            await _timed(outcome, "merge", one.ask("POST", "/contacts/merge", merge))


async def _timed(outcome: Outcome, kind: str, request: Awaitable[tuple[int, Any]]) -> None:
    began = time.perf_counter()
    status, answer = await request
    outcome.seconds[kind].append(time.perf_counter() - began)
    if status != 200:
        outcome.failures.append(f"{kind}: {status} {json.dumps(answer)[:200]}")
    await asyncio.sleep(REST)


async def _search(port: int, token: str, until: float, outcome: Outcome, searches: Iterator[dict[str, Any]]) -> None:
    while time.perf_counter() < until:
        answer = "gone"
        with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(GONE_AFTER), client(port, token) as one:
                status, _ = await one.ask("POST", "/contacts/search", next(searches))
                answer = str(status)
        outcome.searches[answer] += 1


async def _watch(log: Path, until: float, outcome: Outcome) -> None:
    while time.perf_counter() < until:
        outcome.log = max(outcome.log, _size(log))
        await asyncio.sleep(0.05)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def measured(
    contacts: int, rounds: int, seconds: float, folder: Path, tell: Callable[[str], None] = print
) -> SlowSearches:
    """The same work without searches and with them, in turns, on `contacts` stored ones."""
    database, ids = prepared(contacts)
    ours = folder / "slow.db"
    shutil.copyfile(database, ours)
    known = random.Random(1).sample(ids.read_text().split(), 2_000)
    found: list[SearchRound] = []
    with servers.sayso(folder, ours, "sayso slow") as server:
        # Others share the processors with searches as they do on any machine.
        os.sched_setaffinity(server.group, range(os.cpu_count() or 1))
        tokens = (TOKEN, make_token(ours))
        for round_ in range(rounds):
            for searchers in (0, SEARCHERS):
                work = load(server.port, known, tokens, Path(f"{ours}-wal"), seconds, searchers)
                outcome = asyncio.run(work)
                found.append(
                    SearchRound(
                        round_,
                        searchers,
                        {kind: outcome.p99(kind) for kind in KINDS},
                        sum(map(len, outcome.seconds.values())) / seconds,
                        outcome.failures,
                        dict(outcome.searches),
                        outcome.log,
                    )
                )
                tell(str(found[-1]))
    for path in folder.glob("slow.db*"):
        path.unlink()
    return SlowSearches(contacts, seconds, WORKERS, found)


def make_token(database: Path) -> str:
    command = [sys.executable, "-m", "sayso", "token", "create", "--name", "searches", "--scope", "read"]
    where = ["--database-url", f"sqlite:///{database}"]
    return subprocess.run([*command, *where], check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_searches", description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000, help="how many contacts are stored (200000)")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds (3)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each load lasts (10)")
    asked = parser.parse_args()
    folder = DATA / "slow"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = measured(asked.contacts, asked.rounds, asked.seconds, folder)
    print(report_slow_searches.part(found))


if __name__ == "__main__":
    main()
