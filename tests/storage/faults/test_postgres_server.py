"""A real server whose database is frozen answers, stops and does not start, each in time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from tests.cast import TOKEN
from tests.crash.test_kill import NO_SETTINGS
from tests.machine import crowd
from tests.postgres import Cluster, settings_of
from tests.running import Running
from tests.signals import frozen
from tests.storage.faults.shop import MARGIN, assert_unavailable

#: The shortest there is.
TIMEOUT = 1

#: What an interpreter needs to start and to end, in seconds.
PROCESS = 5.0


@pytest.fixture
def settings(database: str) -> dict[str, str]:
    return settings_of(database, TIMEOUT)


def test_a_server_answers_while_its_database_is_frozen_and_serves_when_it_is_not(
    start: Callable[..., Running], cluster: Cluster, settings: dict[str, str]
):
    server = start("--demo", **settings)
    with server.client as client:
        contact_id = client.post("/contacts", json={"external_id": "alice"}).json()["id"]
        with frozen(cluster.pid):
            began = monotonic()
            first = client.get(f"/contacts/{contact_id}")
            waited = monotonic() - began
            second = client.put(f"/contacts/{contact_id}", json={"name": "Alice"})
            healthy, ready = client.get("/healthz"), client.get("/readyz")
        after = client.put(f"/contacts/{contact_id}", json={"name": "Alice"})

    assert_unavailable(first)
    assert_unavailable(second)
    assert waited < TIMEOUT + MARGIN * crowd()
    assert (200, 503) == (healthy.status_code, ready.status_code)
    assert (200, "Alice") == (after.status_code, after.json()["name"])
    assert 0 == server.stop()


def test_a_server_stops_when_it_is_told_to_though_its_database_is_frozen(
    start: Callable[..., Running], cluster: Cluster, settings: dict[str, str]
):
    server = start("--demo", **settings)
    with server.client as client, frozen(cluster.pid):
        assert 503 == client.get("/contacts").status_code
        began = monotonic()
        code = server.stop()
        waited = monotonic() - began

    assert 0 == code, server.said
    assert waited < TIMEOUT + PROCESS * crowd()


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["verify"]], ids=lambda words: words[0])
def test_a_command_says_in_one_line_that_its_database_does_not_answer(
    tmp_path: Path, cluster: Cluster, settings: dict[str, str], command: list[str]
):
    with frozen(cluster.pid):
        began = monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "sayso", *command],
            cwd=tmp_path,
            env={**NO_SETTINGS, **settings, "SAYSO_BOOTSTRAP_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        waited = monotonic() - began

    assert 0 != done.returncode
    assert 1 == done.stderr.count("\n"), done.stderr
    assert "in time" in done.stderr
    assert waited < TIMEOUT + PROCESS * crowd()
