"""A PostgreSQL cluster of the tests' own: fsync on, on a free port, in a folder of its own, run by an ordinary user."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from tests.cast import NOON

from sayso.storage import postgres_migrate

T = TypeVar("T")

#: What the terminal summary says when it happened.
NONE_FOUND = "PostgreSQL was not tested: no server binaries found (on Debian: apt-get install postgresql)"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}


@cache
def binaries() -> Path | None:
    """The folder of the newest server's programs; None where there are none."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb and shutil.which("postgres") else None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Cluster:
    """A running server. `url` leads to its first database."""

    def __init__(self, folder: Path, **settings: str) -> None:
        assert binaries()
        self.bin = binaries() or Path()
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self._settings = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(folder), **settings}
        self._numbers = count(1)
        self._user = _ordinary_user()
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, port: int | None = None) -> str:
        return f"postgresql://sayso@127.0.0.1:{port or self.port}/{database}"

    def make(self) -> None:
        """Initialise the folder and start."""
        self.run("initdb", "-U", "sayso", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-D", str(self.data))
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())
        self.start()

    def start(self) -> None:
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-w", "-t", "60", "-m", mode, "-D", str(self.data))

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def run(self, program: str, *arguments: str) -> None:
        # Started by root, it runs as somebody else: the server refuses root.
        as_user = ["runuser", "-u", self._user.pw_name, "--"] if self._user else []
        done = subprocess.run(
            [*as_user, str(self.bin / program), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        log = self.folder / "log"
        assert done.returncode == 0, done.stdout + (log.read_text()[-2000:] if log.exists() else "")

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url_of(name)
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, *statements: str, url: str = "") -> list[asyncpg.Record]:
        """Run statements from outside, and give the last one's rows."""
        return apart(_run(url or self.url, statements))


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, also where a loop is running already: that one stands still meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _run(url: str, statements: tuple[str, ...]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetch(statement) for statement in statements][-1]
    finally:
        await connection.close()


def _ordinary_user() -> pwd.struct_passwd | None:
    """Who the server runs as when the tests run as root; None when it may run as whoever runs them."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("root has nobody to run PostgreSQL as")


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A new cluster, gone at the end."""
    # Not below pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="sayso-pg-"))
    made = Cluster(folder, **settings)
    try:
        made.make()
        yield made
    finally:
        if (made.data / "postmaster.pid").exists():
            made.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def shared(made: Cluster) -> Iterator[str]:
    """The URL of a database with the schema, to be emptied by `emptied` before each test."""
    with made.database() as url:
        apart(postgres_migrate.bring_up_to_date(url, NOON))
        yield url


async def emptied(url: str) -> None:
    """Take all rows out. DELETE, not TRUNCATE: for a handful of rows it makes and syncs no files."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
        )
        await connection.execute(";".join(f"DELETE FROM {name}" for (name,) in tables))
    finally:
        await connection.close()
