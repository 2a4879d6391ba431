"""pgbench, PostgreSQL's own load generator: what the database gives without a server before it.

GET is the statement that our server reads with; POST one statement that does to the tables what a choice does: the
contact's row, a ledger entry, an event. It decides nothing, and guards nothing.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import cpu
from benchmarks.cluster import Cluster
from benchmarks.results import Sample
from sayso.storage.contact import _STANDING

NAME = "pgbench"

#: The first contact's id and the first act's: numbers as long as ours, which pgbench can draw.
_FIRST_ID = 10**11

#: Its role, once in a cluster.
ROLE = ("CREATE ROLE pgbench SUPERUSER LOGIN", "ALTER ROLE pgbench SET search_path = pgbench, public")

#: The tables that a choice touches, once more, in a schema that pgbench's own role finds first. Our ids are random bytes;
#: pgbench draws numbers, so there their digits are the bytes.
COPY = (
    "CREATE SCHEMA pgbench",
    *(f"CREATE TABLE pgbench.{table} (LIKE {table} INCLUDING ALL)" for table in ("contacts", "ledger", "events")),
    f"""CREATE TEMPORARY TABLE renumbered AS SELECT contact_id AS old,
    convert_to(({_FIRST_ID} - 1 + row_number() OVER (ORDER BY contact_id))::text, 'UTF8') AS new FROM contacts""",
    """INSERT INTO pgbench.contacts (workspace_id, contact_id, state, revision, updated_at, last_act, subject, head_seq,
    head_hash, standing, created_at, role, external_id, email, phone, name, profile, tags, companies, notes,
    normal_email, normal_phone)
    SELECT workspace_id, new, state, revision, updated_at, last_act, subject, head_seq,
    head_hash, standing, created_at, role, external_id, email, phone, name, profile, tags, companies, notes,
    normal_email, normal_phone
    FROM contacts JOIN renumbered ON contact_id = old ORDER BY new""",
    """INSERT INTO pgbench.ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis,
    occurred_at, recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash)
    SELECT workspace_id, new, seq, id, subject, event, type_id, channel, state, basis,
    occurred_at, recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash
    FROM ledger JOIN renumbered ON contact_id = old ORDER BY new, seq""",
    "INSERT INTO pgbench.events SELECT * FROM events ORDER BY act",
)

_HASH = f"decode('{'5a' * 32}', 'hex')"

_WRITE = f"""WITH swapped AS (
UPDATE contacts SET revision = revision + 1, updated_at = :at, last_act = :act, head_seq = head_seq + 1,
head_hash = {_HASH}, standing = '1g 2w 3g 4w' WHERE workspace_id = :workspace AND contact_id = :id
RETURNING workspace_id, contact_id, head_seq, subject, last_act, updated_at
), appended AS (
INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash)
SELECT workspace_id, contact_id, head_seq, last_act, subject, 'consent.granted', '4', NULL, 'granted', 'consent',
updated_at, updated_at, 'api', 'api_key', 'loader', '60fb1caa82080014cccd', 1, 'en', {_HASH}, {_HASH} FROM swapped
)
INSERT INTO events (act, workspace_id, contact_id, kind, seq, at)
SELECT last_act, workspace_id, contact_id, 'consent', head_seq, updated_at FROM swapped;
"""

_PROGRESS = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms .*?(?:, (\d+) failed)?$")

#: Seconds in which pgbench's connections come to know the tables, which ours have done by then.
_WARMING = 2

#: Longer than it is let run.
_LONG = 3600

#: How long its connections may take to end, in tenths of a second.
_SETTLING = 100


@dataclass(frozen=True, slots=True)
class Pgbench:
    """Where `COPY` was carried out. `url` is for its role."""

    cluster: Cluster
    url: str
    workspace_id: str
    contacts: int
    seconds: float
    folder: Path

    def sample(self, method: str, connections: int, round_: int = 0) -> Sample:
        seconds = max(1, round(self.seconds))
        command, others = self._command(self._script(method), connections), cpu.children(self.cluster.pid)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            found = [_told(process) for _ in range(_WARMING)][-1:]
            before = self._spent(process.pid)
            found += [_told(process) for _ in range(seconds)]
            machine, own, stored = (now - then for now, then in zip(self._spent(process.pid), before, strict=True))
            process.terminate()
        self._settled(len(others))
        took = found[-1].at - found[0].at
        requests = sum(one.rate * (one.at - last.at) for last, one in pairwise(found))
        return Sample(
            round=round_,
            server=NAME,
            method=method,
            connections=connections,
            requests=round(requests),
            seconds=took,
            cpu_seconds=own,
            p50=round(median(one.latency for one in found[1:]) * 1000),
            p99=0,
            refused=sum(one.failed for one in found[1:]),
            broken=0,
            others=max(0.0, (machine - own - stored) / took),
            database_cpu_seconds=stored,
        )

    def _settled(self, others: int) -> None:
        """Wait until its connections are gone: the next one's turn is its own."""
        for _ in range(_SETTLING):
            if len(cpu.children(self.cluster.pid)) <= others:
                return
            time.sleep(0.1)

    def _spent(self, pid: int) -> tuple[float, float, float]:
        return cpu.of_machine(), cpu.of_process(pid), cpu.of_family(self.cluster.pid)

    def _script(self, method: str) -> Path:
        last = _FIRST_ID + self.contacts - 1
        lines = [f"\\set id random({_FIRST_ID}, {last})"]
        if method == "GET":
            lines.append(_STANDING.replace("$1", ":workspace").replace("$2", ":id") + ";\n")
        else:
            # Acts rise with time, as ours do, and none comes twice.
            lines += ["\\set turn :turn + 1", "\\set act :began + 1000 * :turn + :client_id", _WRITE]
        script = self.folder / f"pgbench-{method}.sql"
        script.write_text("\n".join(lines))
        return script

    def _command(self, script: Path, connections: int) -> list[str]:
        now = time.time_ns()
        variables = {"workspace": self.workspace_id, "turn": 0, "began": now // 1000, "at": now // 1_000_000}
        options = ["-n", "-M", "prepared", "-c", f"{connections}", "-j", "1", "-T", f"{_LONG}", "-P", "1"]
        options += [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
        return [str(self.cluster.bin / "pgbench"), *options, "-f", str(script), self.url]


class _Second(NamedTuple):
    """What a second brought: when it ended, transactions a second, latency in ms on the average, failures."""

    at: float
    rate: float
    latency: float
    failed: int


def _told(process: subprocess.Popen[str]) -> _Second:
    """The next second's, once it is over. Raises SystemExit where there is none."""
    said = []
    for line in process.stderr or ():
        found = _PROGRESS.match(line.strip())
        if found and float(found[2]):
            return _Second(float(found[1]), float(found[2]), float(found[3]), int(found[4] or 0))
        said.append(line)
    raise SystemExit(f"pgbench failed:\n{''.join(said)}")


def is_there(programs: Path) -> bool:
    return (programs / "pgbench").exists()
