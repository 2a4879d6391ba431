"""Servers as processes of their own, each with its process group."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from benchmarks import cpu
from benchmarks.cluster import Cluster, free_port

#: One core serves, the other one asks. On a single core they have to share it.
SERVER_CORE = 0
CLIENT_CORE = 1 if (os.cpu_count() or 1) > 1 else 0

TOKEN = "benchmark-token-with-every-scope"
ROOT = Path(__file__).resolve().parent.parent

#: So high that nothing is refused, but everything is counted.
RATE_LIMIT = "1000000000"

_START_SECONDS = 60


class Server:
    """A started server; leaving the context ends it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        database: Path | str | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self.name = name
        self.database = database
        self.cluster = cluster
        self.port = port
        self._command = [*pinned(SERVER_CORE, self), *command]
        self._log = folder / f"{name.replace(' ', '-')}.log"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SAYSO_")},
            **(environment or {}),
        }
        self.start_seconds = self.start_cpu = 0.0

    def __enter__(self) -> Self:
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not _answers(self.port):
            if self._process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
                self._end()
                raise SystemExit(f"{self.name} did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.002)
        self.start_seconds, self.start_cpu = time.perf_counter() - began, self.cpu_seconds()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def group(self) -> int:
        return self._process.pid

    def cpu_seconds(self) -> float:
        return cpu.of_session(self.group)

    def database_seconds(self) -> float:
        """CPU seconds of the database server behind it, which others may use too."""
        return cpu.of_family(self.cluster.pid) if self.cluster else 0.0

    def threads(self) -> dict[int, int]:
        """CPU time of each of its threads, in ns."""
        return cpu.threads(cpu.of_group(self.group))

    def database_threads(self) -> dict[int, int]:
        """The same of the database server behind it."""
        if self.cluster is None:
            return {}
        return cpu.threads([self.cluster.pid, *cpu.children(self.cluster.pid)])

    def get(self, path: str) -> Any:
        """What it answers. Raises SystemExit for anything but 200."""
        answer = httpx2.get(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        if answer.status_code != 200:
            raise SystemExit(f"{self.name} answers {path} with {answer.status_code}: {answer.text}")
        return answer

    def post(self, path: str, body: Any, token: str = TOKEN) -> Any:
        """What it makes of a body, decoded. Raises SystemExit where it refuses."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx2.post(f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers)
        if answer.status_code not in (200, 201):
            raise SystemExit(f"{self.name} answers {path} with {answer.status_code}: {answer.text}")
        return answer.json()

    def memory(self) -> cpu.Memory:
        return cpu.memory(self.group)

    def _end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            os.killpg(self.group, number)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                continue


def pinned(core: int, server: Server) -> list[str]:
    """What comes before a command that serves or asks. A database server goes where the kernel puts it, and where it is
    put upon somebody's only core that one loses: there nobody has one, as pgbench has none."""
    return ["taskset", "-c", str(core)] if server.cluster is None and shutil.which("taskset") else []


def sayso(
    folder: Path, database: Path, name: str = "sayso", *, under: Sequence[str] = (), module: str = "sayso"
) -> Server:
    """Our server as anybody starts it, with every feature on.

    `under`: a command that starts and watches it; `module`: what to run in its place.
    """
    port = free_port()
    options = ["serve", "--port", str(port), "--data-dir", str(folder)]
    command = [*under, sys.executable, "-m", module, *options]
    return Server(name, command, port, folder, _environment(f"sqlite:///{database}"), database)


def sayso_on(cluster: Cluster, folder: Path, url: str, name: str = "sayso", *, workers: int = 1) -> Server:
    """The same on PostgreSQL."""
    port = free_port()
    options = ["serve", "--port", str(port), "--data-dir", str(folder), "--workers", str(workers)]
    command = [sys.executable, "-m", "sayso", *options]
    return Server(name, command, port, folder, _environment(url), url, cluster)


def _environment(url: str) -> dict[str, str]:
    return {"SAYSO_BOOTSTRAP_TOKEN": TOKEN, "SAYSO_RATE_LIMIT": RATE_LIMIT, "SAYSO_DATABASE_URL": url}


def constant(folder: Path, body: Path, name: str = "constant") -> Server:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.constant", str(port), str(body)]
    return Server(name, command, port, folder)


def orm(folder: Path, database: Path | str, pool_size: int, cluster: Cluster | None = None) -> Server:
    """What a user would otherwise write. `database`: a file, or the URL of one in PostgreSQL."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.fastapi_orm", str(port), str(database), str(pool_size)]
    return Server(f"orm-{pool_size}", command, port, folder, {"PEER_TOKEN": TOKEN}, database, cluster)


def nginx(folder: Path, body: Path) -> Server:
    """nginx that returns the body from its configuration, that is from memory."""
    port = free_port()
    text = body.read_text().replace("\\", "\\\\").replace("'", "\\'")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""daemon off;
worker_processes 1;
pid "{folder}/nginx.pid";
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path "{folder}/body";
  proxy_temp_path "{folder}/proxy";
  fastcgi_temp_path "{folder}/fastcgi";
  uwsgi_temp_path "{folder}/uwsgi";
  scgi_temp_path "{folder}/scgi";
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{text}'; }}
  }}
}}
"""
    )
    return Server("nginx", [_nginx(), "-c", str(configuration), "-p", str(folder)], port, folder)


def has_nginx() -> bool:
    return bool(_nginx())


def _nginx() -> str:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""


def _answers(port: int) -> bool:
    """Whether /healthz answers, with anything: the peers know no such path."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as connection:
            connection.settimeout(5)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False
