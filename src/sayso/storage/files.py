"""Files that the program makes: for their owner alone, and never through a link that somebody laid in the way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

#: What SQLite keeps beside a database, by what its name ends in.
LOGS = ("-wal", "-shm", "-journal")


def open_private(path: Path | str) -> int:
    """A descriptor of a file, which is made if it is not there. Raises OSError, on a symbolic link too."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)


@contextmanager
def replacement(target: Path) -> Iterator[Path]:
    """An empty file that nobody else can guess, read or have put there; after the block it takes the place of `target`,
    synced. It is removed when the block fails. Raises OSError, which names `target`."""
    name = ""
    try:
        opened, name = tempfile.mkstemp(".unfinished", ".sayso-", target.parent)
        os.close(opened)
        yield Path(name)
        _sync(Path(name))
        Path(name).rename(target)
        _sync(target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        for suffix in ("", *LOGS) if name else ():
            Path(name + suffix).unlink(missing_ok=True)


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A new file of text for its owner alone, synced after the block and removed when the block fails. It replaces
    nothing, not even a file that somebody makes meanwhile. Raises FileExistsError, OSError."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(opened)
        _sync(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
