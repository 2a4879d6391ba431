"""A database file looked at from outside: its room, its lock, its schema, its faults, and what opens it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from sayso.domain.errors import Unavailable
from sayso.service.ports_schema import SchemaDifferences
from sayso.storage.lock import is_locked, refuse_another_name
from sayso.storage.sqlite import BUSY_TIMEOUT
from sayso.storage.sqlite_schema import compare_connection
from sayso.storage.store import still_pending

#: (what was looked at, a verdict of ok, note or wrong, what was seen).
Fact = tuple[str, str, str]

#: Less room than this, in bytes, is a fault: a log that grew long needs about as much.
ROOM = 256 * 1024**2


def versions() -> tuple[str, str]:
    """Of SQLite, and of what binds it."""
    return apsw.sqlite_lib_version(), apsw.apsw_version()


def facts(path: Path, *, deep: bool) -> Iterator[Fact]:
    """What can be said of a database file, whether it is there or not."""
    yield _room(path)
    try:
        refuse_another_name(path)
    except Unavailable as error:
        yield "server", "wrong", error.message
        return
    yield "server", "ok", "a server or a migration holds the lock" if is_locked(path) else "none is running"
    if not path.is_file():
        yield "file", "note", f"{path} is not there yet; the first start makes it"
        return
    yield "file", "ok", f"{path}, {_size(path)}"
    yield _privacy(path)
    yield _schema(path)
    yield _tables(path)
    yield from _structure(path, deep=deep)


def _room(path: Path) -> Fact:
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    return "disk", "ok" if free >= ROOM else "wrong", f"{free // 1024**2} MiB free"


def _size(path: Path) -> str:
    log = path.with_name(f"{path.name}-wal")
    waiting = log.stat().st_size if log.exists() else 0
    return f"{path.stat().st_size} bytes, and {waiting} in the write-ahead log"


def _privacy(path: Path) -> Fact:
    exposed = path.stat().st_mode & 0o004 and path.absolute().parent.stat().st_mode & 0o001
    if exposed:
        return "privacy", "wrong", f"everybody on this machine can read it; chmod 700 {path.parent}"
    return "privacy", "ok", "other users cannot read it"


def _schema(path: Path) -> Fact:
    try:
        return schema(still_pending(path))
    except Unavailable as error:
        return "schema", "wrong", error.message


def schema(pending: list[str]) -> Fact:
    """What is to be said of the migrations that a database still needs."""
    if pending:
        return "schema", "note", f"pending: {', '.join(pending)}; the next start applies it"
    return "schema", "ok", "up to date"


def compared(found: SchemaDifferences) -> Fact:
    """What is to be said of a schema beside what the migrations make."""
    if found.faults:
        return "tables", "wrong", "; ".join(found.faults)
    if found.notes:
        return "tables", "note", "; ".join(found.notes)
    return "tables", "ok", "as the migrations make them"


def _tables(path: Path) -> Fact:
    try:
        with _opened(path) as connection:
            return compared(compare_connection(connection))
    except Unavailable as error:
        return "tables", "wrong", error.message


def _structure(path: Path, *, deep: bool) -> Iterator[Fact]:
    try:
        mode = journal_mode(path)
        yield "journal", "ok" if mode == "wal" else "note", mode
        if deep:
            found = faults(path)
            yield "structure", "wrong" if found else "ok", "; ".join(found) or "ok"
    except Unavailable as error:
        yield "structure", "wrong", error.message


def journal_mode(path: Path) -> str:
    """Raises Unavailable on what is no database."""
    with _opened(path) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchall()[0][0])


def faults(path: Path) -> list[str]:
    """The first faults in the file's structure: none where it is whole. Raises Unavailable."""
    with _opened(path) as connection:
        found = [str(told) for (told,) in connection.execute("PRAGMA quick_check(5)").fetchall()]
    return [] if found == ["ok"] else found


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
            connection.set_busy_timeout(BUSY_TIMEOUT)
            yield connection
    except apsw.Error as error:
        raise Unavailable(str(error)) from error
