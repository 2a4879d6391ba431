"""A real server whose database is frozen answers, stops and does not start, each while it is frozen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cast import TOKEN
from tests.crash.test_kill import NO_SETTINGS
from tests.machine import DEADLINE
from tests.postgres import Cluster, settings_of
from tests.running import Running
from tests.signals import frozen
from tests.storage.faults.shop import assert_unavailable

#: Enough for whatever a busy machine does while nothing is frozen.
TIMEOUT = 4

#: Longer than the test waits: a server that waited for its requests to be served would not end.
DRAIN = str(int(10 * DEADLINE))


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
            first = client.get(f"/contacts/{contact_id}")
            second = client.put(f"/contacts/{contact_id}", json={"name": "Alice"})
            healthy, ready = client.get("/healthz"), client.get("/readyz")
        while (after := client.put(f"/contacts/{contact_id}", json={"name": "Alice"})).status_code == 503:
            # It has to reach its database again first.
            assert_unavailable(after)

    assert_unavailable(first)
    assert_unavailable(second)
    assert (200, 503) == (healthy.status_code, ready.status_code)
    assert (200, "Alice") == (after.status_code, after.json()["name"])
    assert 0 == server.stop()


def test_a_server_stops_when_it_is_told_to_though_its_database_is_frozen(
    start: Callable[..., Running], cluster: Cluster, settings: dict[str, str]
):
    server = start("--demo", **settings, SAYSO_DRAIN_SECONDS=DRAIN)
    with server.client as client, frozen(cluster.pid):
        assert 503 == client.get("/contacts").status_code
        code = server.stop()

    assert 0 == code, server.said


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["verify"]], ids=lambda words: words[0])
def test_a_command_says_in_one_line_that_its_database_does_not_answer(
    tmp_path: Path, cluster: Cluster, settings: dict[str, str], command: list[str]
):
    with frozen(cluster.pid):
        done = subprocess.run(
            [sys.executable, "-m", "sayso", *command],
            cwd=tmp_path,
            env={**NO_SETTINGS, **settings, "SAYSO_BOOTSTRAP_TOKEN": TOKEN},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    assert 0 != done.returncode
    assert 1 == done.stderr.count("\n"), done.stderr
    assert "in time" in done.stderr
