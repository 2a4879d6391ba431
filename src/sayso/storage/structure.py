"""A database file looked at from outside: its journal, its faults, and what opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from sayso.domain.errors import Unavailable
from sayso.storage.sqlite import BUSY_TIMEOUT


def versions() -> tuple[str, str]:
    """Of SQLite, and of what binds it."""
    return apsw.sqlite_lib_version(), apsw.apsw_version()


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
