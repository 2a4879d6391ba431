"""Backups: a copy of a database file as of one moment, made while others write to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw

from sayso.domain.errors import Conflict, Unavailable
from sayso.storage.files import LOGS, replacement
from sayso.storage.lock import SUFFIX as LOCK
from sayso.storage.lock import is_locked, refuse_another_name
from sayso.storage.reason import reason
from sayso.storage.sqlite import BUSY_TIMEOUT

#: Pages copied between two looks at whether somebody wants to interrupt.
_STEP = 4_096

#: What no backup's name may end in. SQLite and Sayso give such names to files beside a database, and would take the
#: backup for one of them.
_TAKEN = (*LOGS, LOCK)

#: How every file begins that SQLite has written (https://www.sqlite.org/fileformat2.html, 1.3).
_MAGIC = b"SQLite format 3\0"


def back_up(source: Path, target: Path, *, replace: bool, outdated: Sequence[Path] = ()) -> int:
    """Copy `source` to `target`, synced, and say how many bytes it has. `outdated` are files about an older copy, which
    are removed with it. Without `replace` none of them may be there. Raises Conflict, Unavailable."""
    refuse_another_name(source)
    _refuse(source, target, outdated, replace=replace)
    try:
        with replacement(target) as unfinished:
            _copy(source, unfinished)
            # Once more: copying may take minutes.
            _refuse_used(target)
            # What belongs to an older copy would be taken for this one's, and we may be killed at any moment.
            for file in (*_logs(target), *outdated):
                file.unlink(missing_ok=True)
    except (apsw.Error, OSError) as error:
        raise Unavailable(f"cannot write the backup {target}: {_reason(error)}") from error
    return target.stat().st_size


def _reason(error: Exception) -> str:
    """Why a copy failed. SQLite may call a write that failed "not an error"."""
    if isinstance(error, (apsw.FullError, apsw.IOError)):
        return "the disk is full or failed, or files may not be that large (ulimit -f)"
    return reason(error)


def _refuse(source: Path, target: Path, outdated: Sequence[Path], *, replace: bool) -> None:
    """Raises Conflict, Unavailable."""
    if target.exists() and not target.is_file():
        # A device, a pipe or a folder.
        raise Conflict(f"{target} is not an ordinary file: name another one")
    _refuse_database_files(source, target)
    if not replace:
        for file in (target, *_logs(target), *outdated):
            if file.exists():
                raise Conflict(f"{file} is there already; --force replaces it")
    _refuse_used(target)


def _refuse_database_files(source: Path, target: Path) -> None:
    """A backup must destroy nothing that a database needs, by whatever name it is called. Raises Conflict."""
    if _are_same(target, source):
        raise Conflict(f"{target} is the database itself")
    used = Path(os.path.realpath(source))
    if any(_are_same(target, file) for file in (*_logs(used), used.with_name(used.name + LOCK))):
        raise Conflict(f"{target} belongs to the database {source}: name another file")
    # The name itself is what is replaced; where it leads to is what somebody may mean.
    for name in (target.name, os.path.realpath(target)):
        if name.lower().endswith(_TAKEN):
            endings = ", ".join(_TAKEN)
            raise Conflict(f"{target} is named like a file of a database: choose one that does not end in {endings}")
    for file in _logs(target):
        if _is_database(file):
            raise Conflict(f"{file} is a database, but SQLite would take it for part of {target}: name another file")


def _refuse_used(target: Path) -> None:
    # A database that a server is using must not vanish under it.
    if is_locked(target):
        raise Unavailable(f"another server or migration is using {target}: name another file")


def _are_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _logs(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in LOGS]


def _is_database(path: Path) -> bool:
    """Whether SQLite has written a file. One that cannot be read may be such a file."""
    # Opening a pipe would wait for whoever writes to it.
    if path.exists() and not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    except OSError:
        return True


def _copy(source: Path, target: Path) -> None:
    with closing(apsw.Connection(str(source))) as original, closing(apsw.Connection(str(target))) as copy:
        original.set_busy_timeout(BUSY_TIMEOUT)
        # One read transaction around all steps: without it, every write of others would start the copy anew.
        with original:
            original.execute("SELECT count(*) FROM sqlite_master").fetchall()
            with copy.backup("main", original, "main") as backup:
                while not backup.done:
                    backup.step(_STEP)
