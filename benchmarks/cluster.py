"""A PostgreSQL cluster of our own: fsync on, on a free port, in a folder of its own, run by an ordinary user.

What is measured here and what is tested needs the same one: tests/postgres.py adds what tests do with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

#: What is said once where there is none.
NONE_FOUND = "no server binaries found (on Debian: apt-get install postgresql)"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "fatal",
}

#: How long a server may take to start or to stop.
_SECONDS = "300"

#: Never in memory alone, where a sync would cost nothing; and not below a home, which only its owner may enter.
_FOLDERS = "/var/tmp"


@cache
def binaries() -> Path | None:
    """The folder of the newest server's programs, or of those that `SAYSO_TEST_POSTGRES` names; None where there are
    none."""
    if named := os.environ.get("SAYSO_TEST_POSTGRES"):
        return Path(named)
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb and shutil.which("postgres") else None


def free_port() -> int:
    with reserved_port() as taken:
        return int(taken.getsockname()[1])


def reserved_port() -> socket.socket:
    """A socket bound to a free port of 127.0.0.1. Until it is closed, the kernel gives that port to nobody who asks for
    any port, and no client connects from it; a server that sets SO_REUSEADDR can still listen there."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


class Cluster:
    """A server, started when its context begins and gone with its folder at the end. `url` leads to its first database."""

    #: initdb's options for the locale.
    locale: tuple[str, ...] = ("--no-locale",)

    def __init__(self, **settings: str) -> None:
        self.bin = binaries() or Path()
        self.folder = Path(tempfile.mkdtemp(prefix="sayso-pg-", dir=_FOLDERS if Path(_FOLDERS).is_dir() else None))
        self.data = self.folder / "data"
        # Reserved until the end: the server is stopped and started again.
        self._reserved = reserved_port()
        self.port = int(self._reserved.getsockname()[1])
        folder = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        self._settings = {**_SETTINGS, **folder, **settings}
        self._user = _ordinary_user()
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def __enter__(self) -> Self:
        try:
            self.make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, port: int | None = None) -> str:
        return f"postgresql://sayso@127.0.0.1:{port or self.port}/{database}"

    def make(self) -> None:
        """Initialise the folder and start."""
        to_data = ("--no-sync", "-D", str(self.data))
        self.run("initdb", "-U", "sayso", "-A", "trust", "-E", "UTF8", *self.locale, *to_data)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())
        self.start()

    def start(self) -> None:
        self.run("pg_ctl", "start", "-w", "-t", _SECONDS, "-D", str(self.data), "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-w", "-t", _SECONDS, "-m", mode, "-D", str(self.data))

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

    def _remove(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        self._reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _ordinary_user() -> pwd.struct_passwd | None:
    """Who the server runs as when root starts it; None when it may run as whoever starts it."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("root has nobody to run PostgreSQL as")
