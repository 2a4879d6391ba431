"""What is measured on PostgreSQL, and what the page says of it."""

from __future__ import annotations

import os
import subprocess

import pytest
from benchmarks import cpu, report_postgres, targets
from benchmarks.pgbench import _told
from benchmarks.results import Postgres, Sample, Worker, Written

_MIB = 1024**2


def sample(server: str, method: str, per_second: int, round_: int = 0) -> Sample:
    return Sample(
        round=round_,
        server=server,
        method=method,
        connections=64,
        requests=per_second,
        seconds=1.0,
        cpu_seconds=0.5,
        p50=1000,
        p99=2000,
        refused=0,
        broken=0,
        others=0.0,
        database_cpu_seconds=0.25,
        log_bytes=1000 * per_second,
    )


@pytest.fixture
def found() -> Postgres:
    rates = {"sayso": 8000, "sayso-2": 12000, "pgbench": 16000, "orm-5": 100, "orm-20": 200}
    return Postgres(
        version="15",
        when="now",
        rounds=1,
        seconds=1.0,
        contacts=100,
        contact_bytes=2000.0,
        load_seconds=1.0,
        samples=[sample(server, method, rate) for server, rate in rates.items() for method in ("GET", "POST")],
        written=[Written("sayso", 20000, 20100), Written("orm-5", 300, 310)],
        workers=[Worker(30 * _MIB, 20 * _MIB, 50 * _MIB), Worker(71 * _MIB, 20 * _MIB, 80 * _MIB)],
    )


def outcomes(found: Postgres) -> dict[str, tuple[float, bool]]:
    return {outcome.key: (outcome.value, outcome.met) for outcome in targets.postgres_outcomes(found)}


def test_targets_take_one_worker_the_better_pool_and_the_largest_worker(found: Postgres):
    assert {
        "postgres-get-pgbench": (0.5, True),
        "postgres-get-wall": (40.0, True),
        "postgres-post-pgbench": (0.5, False),
        "postgres-post-wall": (40.0, True),
        "postgres-worker": (71.0, False),
    } == outcomes(found)


def test_the_page_says_what_a_second_worker_gained_and_what_a_write_cost(found: Postgres):
    page = "\n".join(report_postgres.parts(found))

    assert "| GET | 1.50 | 0.75 |" in page
    assert "| Log per write, bytes | 1,000 |" in page
    assert "| **Sayso** | 8,000 | 62.5 | 31.2 | 1.00 | 2.00 | 1.00 | 0 |" in page
    assert "| **Sayso**, with one worker and with two | 20,000 | 20,100 | 100.5% |" in page


def test_the_page_says_so_when_nothing_was_measured():
    assert ["### On PostgreSQL\n\nNot measured."] == list(report_postgres.parts(None))


def test_seconds_in_which_pgbench_did_nothing_are_not_counted():
    lines = (
        "progress: 1.0 s, 0.0 tps, lat 0.000 ms stddev 0.000, 0 failed",
        "progress: 2.0 s, 35.5 tps, lat 1.5 ms stddev 9.1, 2 failed",
    )
    command = ["sh", "-c", 'printf "%s\\n" "$@" >&2', "sh", *lines]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert (2.0, 35.5, 1.5, 2) == _told(process)


def test_a_pgbench_that_ends_is_told_with_what_it_said():
    command = ["sh", "-c", "echo no such role >&2"]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
        pytest.raises(SystemExit, match="no such role"),
    ):
        _told(process)


def test_the_time_of_children_that_ended_counts():
    before = cpu.of_family(os.getpid())
    subprocess.run(["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"], check=True)

    assert cpu.of_family(os.getpid()) - before > 0
