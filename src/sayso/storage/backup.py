"""Backups: a copy of a database file as of one moment, made while others write to it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import apsw

from sayso.domain.errors import Conflict, Unavailable
from sayso.storage.sqlite import BUSY_TIMEOUT
from sayso.storage.store import locked

#: Pages copied between two looks at whether somebody wants to interrupt.
_STEP = 4_096


def back_up(source: Path, target: Path, *, replace: bool) -> int:
    """Copy `source` to `target`, synced, and say how many bytes it has. Raises Conflict, Unavailable."""
    if target.exists():
        _refuse(source, target, replace=replace)
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        _copy(source, unfinished)
        # What an older copy left beside it would be taken for this one's.
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        unfinished.rename(target)
        _sync(target.parent)
    except (apsw.Error, OSError) as error:
        raise Unavailable(f"cannot write the backup {target}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _refuse(source: Path, target: Path, *, replace: bool) -> None:
    if target.samefile(source):
        raise Conflict(f"{target} is the database itself")
    if not replace:
        raise Conflict(f"{target} is there already; --force replaces it")
    if target.with_name(f"{target.name}.lock").exists():
        # A database that a server is using must not vanish under it.
        with locked(target):
            pass


def _copy(source: Path, target: Path) -> None:
    # Nobody else may read it: it holds what the database holds.
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(apsw.Connection(str(source))) as original, closing(apsw.Connection(str(target))) as copy:
        original.set_busy_timeout(BUSY_TIMEOUT)
        # One read transaction around all steps: without it, every write of others would start the copy anew.
        with original:
            original.execute("SELECT count(*) FROM sqlite_master").fetchall()
            with copy.backup("main", original, "main") as backup:
                while not backup.done:
                    backup.step(_STEP)
    _sync(target)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
