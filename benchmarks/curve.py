"""What a request costs however many contacts there are: loaded and analysed, and grown from empty by the running server.

On PostgreSQL beside pgbench's one statement at the same size, in the same round.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import postgres, servers
from benchmarks.asking import Asked, Next, ask, request
from benchmarks.cluster import Cluster
from benchmarks.load import CHOSEN, TYPES, prepared
from benchmarks.pgbench import ROLE, Pgbench
from benchmarks.results import Curve, CurveSample
from benchmarks.rounds import CONNECTIONS
from benchmarks.servers import Server
from sayso.service.ids import now
from sayso.storage.postgres_migrate import bring_up_to_date

#: 0 stands for the contacts that are asked for, and no others.
SIZES = (0, 1_000, 10_000, 100_000, 1_000_000)
GROWN = (800, 3_200, 9_600, 16_000, 32_000)

#: How many contacts there are where there are none.
ASKED_FOR = 100

KINDS = ("GET", "list", "email", "choice", "create")

#: pgbench's loads, by the kinds that are held against them.
PGBENCH = {"GET": "pgbench GET", "choice": "pgbench POST"}

#: Contacts created for one sample: few, where more would be another size.
_LEAST_CREATED, _SHARE_CREATED = 300, 20

_MANY = 10**9

#: Requests of each kind before the first sample.
_WARMING = 200

_SETTINGS = {**postgres.SETTINGS, "max_connections": "400"}
_STATEMENTS = {"shared_preload_libraries": "pg_stat_statements"}

_RESET = "SELECT pg_stat_statements_reset()"
_SPENT = """SELECT coalesce(sum(total_exec_time), 0) * 1000, coalesce(max(calls), 0) FROM pg_stat_statements
JOIN pg_roles ON pg_roles.oid = userid JOIN pg_database ON pg_database.oid = dbid
WHERE rolname = '{}' AND datname = current_database() AND query NOT LIKE '%pg_stat_statements%'
AND query NOT IN ('BEGIN', 'COMMIT', 'ROLLBACK')"""

Tell = Callable[[CurveSample], None]


@dataclass
class Workspace:
    """A server whose workspace has contacts, and the requests for them. `ids` and `emails` are in the same order."""

    server: Server
    ids: list[str]
    emails: list[str]
    chosen: int = 0
    created: int = 0
    _turn: int = 0
    _attached: set[int] = field(default_factory=set)

    def following(self, kind: str) -> Next:
        return {
            "GET": lambda: request("GET", f"/contacts/{self.ids[self._next()]}/subscriptions"),
            "list": lambda: request("GET", "/contacts?per_page=50"),
            "email": lambda: request("POST", "/contacts/search", _search(self.emails[self._next()])),
            "choice": self._choose,
            "create": self._create,
        }[kind]

    def _next(self) -> int:
        """Contacts in steps of a prime: those asked for one after the other do not lie together."""
        self._turn = (self._turn + 7_919) % len(self.ids)
        return self._turn

    def _choose(self) -> bytes:
        """A choice that the contact had not made, and the next time it is asked for, the same taken back."""
        contact = self._next()
        type_id = (contact + CHOSEN) % TYPES + 1
        path = f"/contacts/{self.ids[contact]}/subscriptions"
        if contact in self._attached:
            self._attached.remove(contact)
            return request("DELETE", f"{path}/{type_id}")
        self._attached.add(contact)
        return request("POST", path, {"id": str(type_id), "consent_type": "opt_in" if type_id % 2 else "opt_out"})

    def _create(self) -> bytes:
        self.created += 1
        name = f"new-{self.created}"
        return request(
            "POST", "/contacts", {"external_id": name, "email": f"{name}@example.com", "name": f"New {self.created}"}
        )

    def keep(self, answer: bytes) -> None:
        """One that was created is asked for too."""
        contact = json.loads(answer)
        self.ids.append(contact["id"])
        self.emails.append(contact["email"])


def measured(
    sizes: tuple[int, ...],
    grown: tuple[int, ...],
    rounds: int,
    seconds: float,
    folder: Path,
    tell: Tell,
    *,
    on_postgres: bool,
) -> Curve:
    """`sizes`: of loaded workspaces; `grown`: to which one grows from empty, once in each of two rounds at most."""
    samples: list[CurveSample] = []

    def note(sample: CurveSample) -> None:
        samples.append(sample)
        tell(sample)

    version = ""
    _on_sqlite(sizes, grown, rounds, seconds, folder, note)
    if on_postgres:
        version = _on_postgres(sizes, grown, rounds, seconds, folder, note)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Curve(when, rounds, seconds, version, samples)


def _on_sqlite(
    sizes: tuple[int, ...], grown: tuple[int, ...], rounds: int, seconds: float, folder: Path, note: Tell
) -> None:
    with ExitStack() as stack:
        loaded = {}
        for size in sizes:
            database, ids = prepared(size or ASKED_FOR)
            own = _folder(folder, f"sqlite-{size}")
            shutil.copyfile(database, own / "sayso.db")
            loaded[size] = _asked_for(stack.enter_context(servers.sayso(own, own / "sayso.db")), ids)
        _warm(loaded.values())
        for round_ in range(rounds):
            for size, workspace in loaded.items():
                for sample in _samples(workspace, "sqlite", size, round_, seconds, grown=False):
                    note(sample)
    for round_ in range(min(rounds, 2) if grown else 0):
        own = _folder(folder, f"sqlite-grown-{round_}")
        with servers.sayso(own, own / "sayso.db") as server:
            for sample in _grow(server, "sqlite", grown, round_, seconds):
                note(sample)


def _on_postgres(
    sizes: tuple[int, ...], grown: tuple[int, ...], rounds: int, seconds: float, folder: Path, note: Tell
) -> str:
    """PostgreSQL's version."""
    counted = _STATEMENTS if postgres.counts_statements() else {}
    with Cluster(**_SETTINGS, **counted) as cluster, ExitStack() as stack:
        loaded, pgbenches = {}, {}
        postgres.run(postgres.run_statements(cluster.url, *ROLE))
        for size in sizes:
            database, ids = prepared(size or ASKED_FOR)
            url = asyncio.run(postgres.filled(cluster, database, f"sayso_{size}"))
            own = _folder(folder, f"postgres-{size}")
            pgbenches[size] = postgres.pgbench_on(cluster, url, size or ASKED_FOR, seconds, own)
            postgres.run(postgres.run_statements(url, "VACUUM (ANALYZE)", *_counting(counted)))
            loaded[size] = _asked_for(stack.enter_context(servers.sayso_on(cluster, own, url)), ids)
        os.sync()
        _warm(loaded.values())
        for round_ in range(rounds):
            for size, workspace in loaded.items():
                for sample in _samples(workspace, "postgres", size, round_, seconds, grown=False):
                    note(sample)
                for sample in _of_pgbench(pgbenches[size], size, round_, counts=bool(counted)):
                    note(sample)
        for round_ in range(min(rounds, 2) if grown else 0):
            url = _empty(cluster, f"grown_{round_}", _counting(counted))
            own = _folder(folder, f"postgres-grown-{round_}")
            with servers.sayso_on(cluster, own, url) as server:
                for sample in _grow(server, "postgres", grown, round_, seconds):
                    note(sample)
        return str(postgres.asked(cluster.url, "SELECT current_setting('server_version')")).split()[0]


def _warm(workspaces: Iterable[Workspace]) -> None:
    """Every connection to a database is open, and every statement known, before the first sample."""
    for workspace in workspaces:
        for kind in KINDS[:-1]:
            ask(workspace.server, workspace.following(kind), CONNECTIONS[-1], _MANY, _WARMING)


def _samples(
    workspace: Workspace, engine: str, size: int, round_: int, seconds: float, *, grown: bool
) -> Iterator[CurveSample]:
    # Creates last: they make it another size.
    for kind in KINDS if not grown else KINDS[:-1]:
        for connections in CONNECTIONS:
            most = max(_LEAST_CREATED, size // _SHARE_CREATED) if kind == "create" else _MANY
            keep = workspace.keep if kind == "create" else None
            url = workspace.server.database if engine == "postgres" else None
            if url:
                _forget_statements(str(url))
            found = ask(workspace.server, workspace.following(kind), connections, seconds, most, keep)
            statements = _statements(str(url), "sayso")[0] / found.requests if url else 0.0
            yield _sample(round_, engine, size, kind, connections, found, statements, grown=grown)


def _sample(
    round_: int, engine: str, size: int, kind: str, connections: int, found: Asked, statements: float, *, grown: bool
) -> CurveSample:
    costs = (round(us, 2) for us in (found.server_us, found.database_us, statements))
    return CurveSample(round_, engine, size, grown, kind, connections, found.requests, *costs)


def _grow(server: Server, engine: str, sizes: tuple[int, ...], round_: int, seconds: float) -> Iterator[CurveSample]:
    """Create contacts until there are so many, and measure; creates are measured on the way, at 64 connections."""
    _make_types(server)
    workspace = Workspace(server, [], [])
    for size in sizes:
        found = ask(
            server, workspace.following("create"), CONNECTIONS[-1], _MANY, size - len(workspace.ids), workspace.keep
        )
        yield _sample(round_, engine, size, "create", CONNECTIONS[-1], found, 0.0, grown=True)
        yield from _samples(workspace, engine, size, round_, seconds, grown=True)


def _of_pgbench(pgbench: Pgbench, size: int, round_: int, *, counts: bool) -> Iterator[CurveSample]:
    for kind in PGBENCH.values():
        for connections in CONNECTIONS:
            if counts:
                _forget_statements(pgbench.url)
            found = pgbench.sample(kind.removeprefix("pgbench "), connections, round_)
            spent, calls = _statements(pgbench.url, "pgbench") if counts else (0.0, 1)
            statement_us = round(spent / max(calls, 1), 2)
            database_us = round(found.database_us, 2)
            yield CurveSample(
                round_, "postgres", size, False, kind, connections, found.requests, 0.0, database_us, statement_us
            )


def _statements(url: str, role: str) -> tuple[float, int]:
    """µs that a role's statements took since they were forgotten, and how often the most frequent one ran."""
    if not postgres.counts_statements():
        return 0.0, 0
    ((spent, calls),) = postgres.run(postgres.run_statements(url, _SPENT.format(role)))
    return float(spent), int(calls)


def _forget_statements(url: str) -> None:
    if postgres.counts_statements():
        postgres.run(postgres.run_statements(url, _RESET))


def _counting(counted: dict[str, str]) -> tuple[str, ...]:
    return ("CREATE EXTENSION pg_stat_statements",) if counted else ()


def _empty(cluster: Cluster, name: str, statements: tuple[str, ...]) -> str:
    """The URL of a database without contacts."""
    postgres.run(postgres.run_statements(cluster.url, f"CREATE DATABASE {name}"))
    url = cluster.url_of(name)
    postgres.run(bring_up_to_date(url, now()))
    if statements:
        postgres.run(postgres.run_statements(url, *statements))
    return url


def _asked_for(server: Server, ids: Path) -> Workspace:
    """The contacts that the loader made."""
    known = ids.read_text().split()
    return Workspace(server, known, [f"person.{number}@example.com" for number in range(len(known))])


def _make_types(server: Server) -> None:
    """As many live types as the loader makes, of the same sorts."""
    for number in range(TYPES):
        server.post("/sayso/subscription_types", type_draft(number))


def type_draft(number: int) -> dict[str, Any]:
    words = {"name": f"Newsletter {number + 1}", "description": "Twice a month, what is new", "locale": "en"}
    consent_type = "opt_out" if number % 2 else "opt_in"
    return {"consent_type": consent_type, "content_types": ["email"], "state": "live", "default_translation": words}


def _search(email: str) -> dict[str, Any]:
    return {"query": {"field": "email", "operator": "=", "value": email}}


def _folder(folder: Path, name: str) -> Path:
    own = folder / name
    own.mkdir(parents=True)
    return own
