"""`sayso serve --ephemeral`: what it refuses, what it leaves behind, and faults on the wire."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.cast import ALICE, TOKEN
from tests.http.wire import request, to
from tests.machine import DEADLINE
from tests.running import Running


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("twin"), "--ephemeral", "--json") as running:
        yield running


@pytest.fixture
def client(twin: Running) -> Iterator[httpx2.Client]:
    with twin.client as client:
        yield client
        client.post("/sayso/test/reset").raise_for_status()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--host", "0.0.0.0"), "host must be a loopback address"),
        (("--host", "sayso.example.com"), "host must be a loopback address"),
        (("--host", "::"), "host must be a loopback address"),
        (("--database-url", "sqlite:///sayso.db"), "leave out database_url"),
        (("--database-url", "postgresql://localhost/sayso", "--workers", "2"), "leave out database_url"),
        (("--workers", "2"), "workers must be 1"),
    ],
)
def test_what_does_not_go_with_it_is_refused_in_one_line(tmp_path: Path, flags: tuple[str, ...], told: str):
    ran = subprocess.run(
        [sys.executable, "-m", "sayso", "serve", "--ephemeral", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )

    assert (2, "") == (ran.returncode, ran.stdout)
    [line] = ran.stderr.splitlines()
    assert line.startswith("sayso: ephemeral: ")
    assert told in line
    assert [] == list(tmp_path.iterdir())


def test_it_answers_in_the_version_it_was_given_after_a_reset_too(tmp_path: Path):
    with Running(tmp_path, "--ephemeral", "--api-version", "2.14") as running, running.client as client:
        assert "2.14" == client.get("/me").headers["intercom-version"]
        client.post("/sayso/test/reset").raise_for_status()
        assert "2.14" == client.get("/me").headers["intercom-version"]


def test_it_says_where_it_listens_and_leaves_nothing_behind(twin: Running, client: httpx2.Client):
    assert {"address", "tokens"} == set(json.loads(twin.output[0]))
    assert 200 == client.post("/contacts", json=ALICE).status_code

    assert [] == list(twin.folder.iterdir())


def test_a_cut_connection_ends_without_a_byte_of_an_answer(twin: Running, client: httpx2.Client):
    address = urlsplit(twin.url)
    request = f"GET /me HTTP/1.1\r\nHost: sayso.test\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    with socket.create_connection((address.hostname, address.port), timeout=DEADLINE) as connection:
        connection.sendall(request)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        client.post("/sayso/test/faults", json={"fault": "cut"})
        connection.sendall(request)
        assert b"" == connection.recv(65_536)

    assert 200 == client.get("/me").status_code


def test_what_was_asked_before_the_connection_was_cut_is_done_where_that_was_wanted(client: httpx2.Client):
    for served in (False, True):
        client.post("/sayso/test/faults", json={"fault": "cut", "served": served})
        with pytest.raises(httpx2.RemoteProtocolError):
            client.post("/contacts", json=ALICE)
        assert int(served) == client.get("/contacts").json()["total_count"]


def test_a_slow_answer_comes_late_and_a_reset_lets_it_go(twin: Running, client: httpx2.Client):
    client.post("/sayso/test/faults", json={"fault": "slow", "seconds": 600, "times": 2})
    with to(twin) as held:
        held.send(request(twin, "GET /me"))
        while client.get("/sayso/test/faults").json()["data"][0]["times"] == 2:
            pass
        assert held.is_silent(0.2)

    client.post("/sayso/test/faults", json={"fault": "slow", "seconds": 0.01, "route": "/contacts"})
    client.delete("/sayso/test/faults")
    client.post("/sayso/test/faults", json={"fault": "slow", "seconds": 0.01})
    assert 200 == client.get("/me").status_code


def test_nothing_of_a_fault_is_told_in_the_log(twin: Running, client: httpx2.Client):
    client.post("/sayso/test/faults", json={"fault": "cut", "times": 3})
    for _ in range(3):
        with pytest.raises(httpx2.RemoteProtocolError):
            client.get("/me")

    assert 1 == len(twin.output)
