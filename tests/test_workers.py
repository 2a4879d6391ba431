"""Several processes on one socket: what they share, how they are replaced, and how they end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import trustme
from tests.conftest import Acme
from tests.http.wire import request, to
from tests.machine import DEADLINE
from tests.running import Running
from tests.signals import children, ended, send
from tests.workers import one_client_each, within, worker_of

from sayso import server as server_module
from sayso.api.operations import Operations
from sayso.http.crew import Crew, Member
from sayso.http.tally import Tally
from sayso.server import described, serve_as
from sayso.settings import Settings

#: What a worker may take of the machine's memory, in bytes.
MEMORY = 70 * 1024**2


@pytest.fixture
def serve(start: Callable[..., Running], database: str) -> Callable[..., Running]:
    """Start a server on an empty PostgreSQL database."""

    def serve_with(*flags: str, **more: Any) -> Running:
        return start(*flags, SAYSO_DATABASE_URL=database, **more)

    return serve_with


@pytest.fixture
def server(serve: Callable[..., Running]) -> Running:
    return serve("--demo", "--workers", "2")


# Starting and ending.


def test_the_greeting_comes_once_when_all_of_them_answer(server: Running):
    with one_client_each(server):
        assert 2 == len(children(server.process.pid))
    assert 0 == server.stop()
    assert 1 == server.said.count("listens on")
    assert 1 == server.said.count("Token: ")
    assert 1 == server.said.count("stopped")


#: A server whose workers leave connections to each other for longer than a busy machine keeps one of them waiting.
_COURTEOUS = "from sayso.cli import main; from sayso.http import acceptor; acceptor.COURTESY = 0.1; main()"


def test_connections_are_shared_evenly(serve: Callable[..., Running]):
    server = serve("--workers", "2", program=("-c", _COURTEOUS))

    least = min(shares(server).values())

    assert least >= 28, least


def shares(server: Running) -> Counter[str]:
    """How many of 64 connections that came at once each worker has."""
    with ExitStack() as stack:
        wires = [stack.enter_context(to(server)) for _ in range(64)]
        answers = [wire.send(request(server, "GET /me")).answer() for wire in wires]
    found = Counter(answer.headers["x-request-id"][:12] for answer in answers)
    assert 2 == len(found)
    return found


def test_new_connections_are_taken_also_when_a_worker_with_fewer_stands_still(server: Running):
    with one_client_each(server):
        [frozen, _] = children(server.process.pid)
        send([frozen], signal.SIGSTOP)
        try:
            with ExitStack() as stack:
                clients = [stack.enter_context(server.client) for _ in range(8)]
                statuses = [client.get("/healthz", timeout=DEADLINE).status_code for client in clients]
        finally:
            send([frozen], signal.SIGCONT)

    assert [200] * 8 == statuses


def test_a_worker_takes_no_more_memory_than_it_may(server: Running):
    with one_client_each(server) as clients:
        for number in range(300):
            clients[number % 2].post("/contacts", json={"external_id": f"{number}"})
    taken = [resident(pid) for pid in children(server.process.pid)]

    assert 2 == len(taken)
    assert max(taken) <= MEMORY


def resident(pid: int) -> int:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def test_a_worker_that_dies_is_replaced_and_nobody_else_notices(server: Running):
    with one_client_each(server) as (one, other):
        died, pids = worker_of(one), children(server.process.pid)
        counted = requests_counted(other)
        os.kill(owner(one, pids), signal.SIGKILL)

        assert within(DEADLINE, lambda: len(children(server.process.pid)) == 2 and children(server.process.pid) != pids)
        assert 200 == other.get("/me").status_code
        with one_client_each(server) as both:
            assert died not in {worker_of(client) for client in both}
            assert {True} == {requests_counted(client) > counted for client in both}
    assert "a worker ended" in server.said
    assert 0 == server.stop()


_ENDS_AT_ONCE = """
import os, socket, sys
from sayso import logs
from sayso.settings import Settings
from sayso.workers import _Parent

def work(number, parent, ready):
    os.write(ready, b".")
    raise KeyError("nobody@example.com")

logs.configure("json")
_Parent(Settings(), socket.socket(), work).run(lambda: print("greeted", flush=True))
print("ended")
"""


def test_one_that_ends_again_and_again_is_replaced_after_longer_and_longer_pauses():
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDS_AT_ONCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    pauses: list[float] = []
    said = ""
    for line in process.stderr:
        said += line
        if "again_in" in line:
            pauses.append(json.loads(line)["again_in"])
        if len(pauses) == 4:
            break
    process.send_signal(signal.SIGTERM)
    out, more = process.communicate(timeout=DEADLINE)

    assert (0, "greeted\nended\n") == (process.returncode, out)
    assert [0.1, 0.2, 0.4, 0.8] == pauses
    assert "nobody" not in said + more
    assert "KeyError" in said


def test_one_for_whom_there_is_no_room_just_now_is_started_later():
    forks = "fork, room = os.fork, iter((True, False, False, True))"
    without = "os.fork = lambda: fork() if next(room) else os.listdir('/nowhere')"
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDS_AT_ONCE.replace("def work", f"{forks}\n{without}\ndef work")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    told: list[tuple[str, float]] = []
    for line in process.stderr:
        if "again_in" in line:
            entry = json.loads(line)
            told.append((entry["event"], entry["again_in"]))
        if len(told) == 4:
            break
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=DEADLINE)

    assert (0, "greeted\nended\n") == (process.returncode, out)
    ended, full = "a worker ended", "a worker cannot be started"
    assert [(ended, 0.1), (full, 0.2), (full, 0.4), (ended, 0.8)] == told


def test_a_worker_is_replaced_also_when_the_next_version_has_changed_the_schema(
    server: Running, cluster, database: str
):
    note = "INSERT INTO migrations (name, sha256, applied_at) VALUES ('9999_later', '', 0)"
    cluster.sql(note, url=database)
    [first, _] = pids = children(server.process.pid)
    os.kill(first, signal.SIGKILL)

    assert within(DEADLINE, lambda: len(set(children(server.process.pid)) - set(pids)) == 1)
    with one_client_each(server) as clients:
        assert [200, 200] == [client.get("/contacts").status_code for client in clients]


def owner(client: httpx2.Client, pids: list[int]) -> int:
    """The process that holds the other end of a client's connection."""
    here = client.get("/healthz").extensions["network_stream"].get_extra_info("client_addr")
    tables = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    [inode] = [row[9] for row in tables if int(row[2].partition(":")[2], 16) == here[1]]
    [holder] = [pid for pid in pids if f"socket:[{inode}]" in map(os.readlink, Path(f"/proc/{pid}/fd").iterdir())]
    return holder


def requests_counted(client: httpx2.Client) -> int:
    lines = client.get("/metrics").text.splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("sayso_requests_total"))


def test_what_was_accepted_is_answered_by_all_of_them_after_a_signal(server: Running):
    pids = children(server.process.pid)
    body = json.dumps({"email": "slow@example.com"}).encode()
    with ExitStack() as stack:
        wires = [stack.enter_context(to(server)) for _ in range(8)]
        for wire in wires:
            assert 200 == wire.send(request(server, "GET /me")).answer().status
            wire.send(request(server, "POST /contacts", f"Content-Length: {len(body)}") + body[:5])
        # On a further connection of each: what was sent before it has been read.
        with one_client_each(server):
            pass
        server.process.send_signal(signal.SIGTERM)
        answers = [wire.send(body[5:]).answer() for wire in wires]

    assert {200, 409} == {answer.status for answer in answers}
    assert 0 == server.process.wait(DEADLINE)
    assert ended(pids, 0)
    assert "Traceback" not in server.said


def test_a_server_that_is_asked_twice_still_ends(server: Running):
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGTERM)

    assert 0 == server.process.wait(DEADLINE)


def test_workers_end_when_their_parent_is_killed(server: Running):
    pids = children(server.process.pid)
    server.kill()
    all_ended = ended(pids, DEADLINE)
    send(pids, signal.SIGKILL)

    assert (2, True) == (len(pids), all_ended)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.url}/healthz", timeout=DEADLINE)


def test_workers_whose_parent_is_killed_free_the_port_while_they_answer_what_they_accepted(server: Running):
    pids = children(server.process.pid)
    create = request(server, "POST /contacts", body=b'{"role": "lead"}')
    with ExitStack() as stack:
        wires = [stack.enter_context(to(server)) for _ in range(8)]
        for wire in wires:
            # The last byte is on its way still.
            wire.send(create[:-1])
            assert within(DEADLINE, lambda: not_accepted(server) == 0)
        server.kill()
        is_free = within(DEADLINE, lambda: can_listen(server))
        still_there = not ended(pids, 0)
        answers = [wire.send(create[-1:]).answer() for wire in wires]

    assert (True, True) == (is_free, still_there)
    assert {200} == {answer.status if answer else None for answer in answers}
    assert ended(pids, DEADLINE)


def not_accepted(server: Running) -> int:
    """How many connections wait for somebody to take them (Linux: tcp(7), the receive queue of a listener)."""
    port = f":{urlsplit(server.url).port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(int(line[4].partition(":")[2], 16) for line in lines if line[1].endswith(port) and line[3] == "0A")


def can_listen(server: Running) -> bool:
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            another.bind(("127.0.0.1", urlsplit(server.url).port))
            another.listen()
        except OSError:
            return False
    return True


@dataclass
class Orphan:
    """A worker in this process, whose main loop never notices that it is to end; `lifeline` is the parent's."""

    listener: socket.socket
    lifeline: int
    begins: asyncio.Event
    ready: asyncio.Event
    serving: asyncio.Task[None]

    def lose_parent(self) -> None:
        os.close(self.lifeline)

    async def is_refusing(self) -> None:
        """Nobody accepts any more; ends within a few rounds of the loop, or not at all."""
        async with asyncio.timeout(DEADLINE):
            while self.listener.fileno() >= 0:
                await asyncio.sleep(0)


@pytest.fixture
async def orphan(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Orphan]:
    begins, ready, release = asyncio.Event(), asyncio.Event(), asyncio.Event()
    threshold = gc.get_threshold()

    @asynccontextmanager
    async def composed(settings: Settings, member: Member) -> AsyncIterator[server_module.Sayso]:
        await begins.wait()
        operations = Operations(acme.regions, Tally(), metrics_public=False, document=described(acme.regions))
        yield server_module.Sayso(settings, acme.regions, acme.app, operations)

    async def on_tick(self: server_module._Member, counter: int) -> bool:
        return release.is_set()

    monkeypatch.setattr(server_module, "composed", composed)
    monkeypatch.setattr(server_module._Member, "on_tick", on_tick)
    settings = Settings(port=0, drain_seconds=1)
    parent, lifeline = os.pipe()
    told, tell = os.pipe()
    listener = server_module.listening(settings)
    asyncio.get_running_loop().add_reader(told, ready.set)
    serving = asyncio.ensure_future(serve_as(Crew(1, 0).member(0, os.getpid()), settings, listener, parent, tell))
    await asyncio.sleep(0)
    yield Orphan(listener, lifeline, begins, ready, serving)
    begins.set()
    release.set()
    await serving
    asyncio.get_running_loop().remove_reader(told)
    for pipe in (parent, told, tell):
        os.close(pipe)
    # A server changes how its process collects garbage.
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
async def test_a_worker_without_a_parent_frees_the_port_before_it_does_anything_else(orphan: Orphan):
    orphan.begins.set()
    await orphan.ready.wait()
    orphan.lose_parent()

    await orphan.is_refusing()
    assert not orphan.serving.done()


@pytest.mark.parametrize("store", ["memory"], indirect=True)
async def test_a_worker_that_loses_its_parent_before_it_is_ready_frees_the_port_and_ends(orphan: Orphan):
    orphan.lose_parent()

    await orphan.is_refusing()
    assert not orphan.begins.is_set()
    orphan.begins.set()
    await asyncio.sleep(0)
    assert not orphan.ready.is_set()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_start_without_a_database_fails_with_one_line(tmp_path: Path, workers: str):
    url = "postgresql://sayso:hunter2@127.0.0.1:1/nowhere"
    done = subprocess.run(
        [sys.executable, "-m", "sayso", "serve", "--port", "0", "--workers", workers],
        cwd=tmp_path,
        env={**os.environ, "SAYSO_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )

    assert (1, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n")), done.stderr
    assert "cannot reach the database" in done.stderr
    assert "hunter2" not in done.stderr


def test_they_speak_tls_and_do_not_mind_who_does_not(serve: Callable[..., Running], tmp_path: Path):
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    server = serve("--workers", "2", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    port = int(server.url.rpartition(":")[2])
    for nonsense in (b"GET /me HTTP/1.1\r\n\r\n", b"", b"\x16\x03"):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as wire:
            wire.sendall(nonsense)
    for _ in range(6):
        assert 200 == httpx2.get(f"{server.url}/healthz", verify=False, timeout=DEADLINE).status_code

    assert server.url.startswith("https://")
    assert 0 == server.stop()
    assert "Traceback" not in server.said
    assert '"error"' not in server.said, server.said


# What they share.


def test_the_rate_limit_is_one_for_all_of_them(serve: Callable[..., Running]):
    server = serve("--workers", "2", SAYSO_RATE_LIMIT="600")
    let_through: Counter[str] = Counter()
    refused: set[str] = set()
    with one_client_each(server) as clients:
        for number in range(100_000):
            answer = clients[number % 2].get("/me")
            window = answer.headers["x-ratelimit-reset"]
            let_through[window] += answer.status_code == 200
            if answer.status_code == 429:
                refused.add(window)
            # A slow machine may need more than four windows for four times what one lets through.
            if number >= 400 and refused:
                break

    assert refused
    assert {} == {window: count for window, count in let_through.items() if count > 110}
    # Those that found each worker counted too.
    assert {} == {window: count for window, count in let_through.items() if window in refused and count < 80}


def test_metrics_tell_of_all_of_them_whoever_is_asked(server: Running):
    with one_client_each(server) as clients:
        before = requests_counted(clients[0])
        for number in range(20):
            clients[number % 2].get("/me")
        told = [requests_counted(client) for client in clients]
        processes = {
            line.split()[0]: float(line.split()[1])
            for line in clients[0].get("/metrics").text.splitlines()
            if line.startswith("process_")
        }

    # Asking counts too.
    assert [before + 21, before + 22] == told
    taken = sum(resident(pid) for pid in children(server.process.pid))
    assert 0.8 * taken <= processes["process_resident_memory_bytes"] <= 1.2 * taken
