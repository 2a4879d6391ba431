"""What a run found: everything the table says comes from here, and benchmarks/results.json keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Sample:
    """One server under one load for some seconds. Latencies in µs; `others`: cores that other work kept busy.

    `log_bytes`: by how much the database's log grew meanwhile, where that was asked for.
    """

    round: int
    server: str
    method: str
    connections: int
    requests: int
    seconds: float
    cpu_seconds: float
    p50: int
    p99: int
    refused: int
    broken: int
    others: float
    database_cpu_seconds: float = 0.0
    log_bytes: int = 0

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time of the server per request, in µs."""
        return self.cpu_seconds / self.requests * 1e6 if self.requests else float("inf")

    @property
    def database_us(self) -> float:
        """CPU time of the database server per request, in µs."""
        return self.database_cpu_seconds / self.requests * 1e6 if self.requests else float("inf")


@dataclass(frozen=True, slots=True)
class Sync:
    """What one appended block of 4 KiB and its fdatasync took in a round: the median, in µs."""

    round: int
    p50: float


@dataclass(frozen=True, slots=True)
class Written:
    """Whether writes are real: ledger rows added, beside the POSTs answered with 200."""

    server: str
    answered: int
    rows: int


@dataclass(frozen=True, slots=True)
class GroupCommit:
    """Writes acknowledged while syncs were counted, and ledger rows added meanwhile."""

    connections: int
    acknowledged: int
    rows: int
    syncs: int


@dataclass(frozen=True, slots=True)
class Steps:
    """µs per request by step, of one load on the server with stopwatches."""

    method: str
    connections: int
    requests: int
    cpu: dict[str, float]
    commit_wall: float
    per_commit: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes and seconds. `after` is taken after GET and POST under load; `file` has been checkpointed."""

    when: str
    contacts: int
    start_seconds: float
    start_cpu: float
    empty_start_seconds: float
    empty_start_cpu: float
    idle_resident: int
    after_resident: int
    after_private: int
    after_mapped: int
    file_before: int
    get_per_second: float
    post_per_second: float
    get_cpu_us: float
    post_cpu_us: float


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker holds after load, in bytes; `proportional` counts what it shares with others by its share."""

    proportional: int
    private: int
    resident: int


@dataclass(frozen=True, slots=True)
class Postgres:
    """The same on PostgreSQL: at 64 connections, with pgbench among the servers."""

    version: str
    when: str
    rounds: int
    seconds: float
    contacts: int
    contact_bytes: float
    load_seconds: float
    samples: list[Sample]
    written: list[Written]
    workers: list[Worker]


@dataclass(frozen=True, slots=True)
class Encoding:
    """What encoding an answer takes by itself, in µs."""

    name: str
    bytes: int
    us: float


@dataclass(frozen=True, slots=True)
class Load:
    """Contacts created through the API, one part after the other, and the resident bytes after each."""

    contacts: int
    seconds: float
    resident: list[int]


@dataclass(frozen=True, slots=True)
class Search:
    """Contacts found and made. A sample's `method` says what was asked for; `constant ...` is its constant-body app."""

    contacts: int
    rounds: int
    seconds: float
    samples: list[Sample]
    encodings: list[Encoding]
    load: Load


@dataclass(frozen=True, slots=True)
class SearchRound:
    """Work of other clients while `searchers` clients sent the worst searches, or none did.

    `p99`: by kind of request, in ms. `searches`: what became of them, by status. `log`: the longest, in bytes.
    """

    round: int
    searchers: int
    p99: dict[str, float]
    per_second: float
    failures: list[str]
    searches: dict[str, int]
    log: int


@dataclass(frozen=True, slots=True)
class SlowSearches:
    """What others notice of the worst searches. `clients`: how many others there are."""

    contacts: int
    seconds: float
    clients: int
    rounds: list[SearchRound]


@dataclass(frozen=True, slots=True)
class CurveSample:
    """What a kind of request cost in a workspace of a size, in µs of CPU per request: of the server and of PostgreSQL.

    `grown`: from empty, by the running server, with no statistics; otherwise loaded and analysed. `statement_us`: time
    in PostgreSQL's statements, 0 where it was not counted. pgbench's kinds are its own, with no server.
    """

    round: int
    engine: str
    contacts: int
    grown: bool
    kind: str
    connections: int
    requests: int
    server_us: float
    database_us: float = 0.0
    statement_us: float = 0.0

    @property
    def cost(self) -> float:
        return self.server_us + self.database_us


@dataclass(frozen=True, slots=True)
class Curve:
    """What requests cost from the first contact to the last. `postgres`: its version, where it was measured."""

    when: str
    rounds: int
    seconds: float
    postgres: str
    samples: list[CurveSample]


@dataclass(frozen=True, slots=True)
class GrowthSample:
    """CPU µs per `request` where there were `number` of `thing`; `cost` is the median of the rounds."""

    thing: str
    number: int
    request: str
    cost: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What requests cost by the number of what a user can have many of: SQLite, 1 connection."""

    when: str
    rounds: int
    samples: list[GrowthSample]


@dataclass(frozen=True, slots=True)
class Results:
    when: str
    command: str
    machine: dict[str, str]
    rounds: int
    seconds: float
    contacts: int
    body_bytes: int
    samples: list[Sample]
    syncs: list[Sync]
    written: list[Written]
    idle_resident: int
    group_commits: list[GroupCommit]
    steps: list[Steps]
    million: Footprint | None
    postgres: Postgres | None = None
    search: Search | None = None
    slow_searches: SlowSearches | None = None
    curve: Curve | None = None
    growth: Growth | None = None

    def keep(self) -> None:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @classmethod
    def kept(cls) -> Results:
        return msgspec.json.decode(FILE.read_bytes(), type=cls)
