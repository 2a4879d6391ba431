"""The lock of a database file: one server or one migration at a time, whatever name they reach it by.

It is two locks. One is on the file `NAME.lock` beside the database: it holds while the database is replaced, and it is
the only one that versions before this one know. The other is on the database itself: it holds for a hard link or a bind
mount in another folder too, by which SQLite would look for another log.

The second one is an open file description lock on a byte far behind those that SQLite locks (Linux, fcntl(2)). Where
the system or the file system has none, the first one is all there is.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sayso.domain.errors import Unavailable
from sayso.storage.files import open_private
from sayso.storage.reason import reason

#: What a database's name ends in with the name of its lock file.
SUFFIX = ".lock"

_SET = getattr(fcntl, "F_OFD_SETLK", None)
_GET = getattr(fcntl, "F_OFD_GETLK", None)

# SQLite's own bytes begin at 1 GiB and are 512.
_BYTE = 1 << 62

# `struct flock`: type, whence, start, length, process.
_FLOCK = struct.Struct("hhqqi4x")
_WHOLE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _BYTE, 1, 0)

_NO_LOCKS = {errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}

#: The databases, by device and inode, that this process holds. It must not open and close one of them: with any
#: descriptor of a file, a process loses all POSIX locks on it, SQLite's included.
_HELD: set[tuple[int, int]] = set()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a database's lock; the file is made if it is not there. Whatever is connected to it within the block must be
    closed within it. Raises Unavailable."""
    with ExitStack() as held:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.enter_context(_locked_beside(path))
            _refuse_unwritable(path)
            held.enter_context(_locked_itself(path))
        except BlockingIOError:
            raise Unavailable(
                f"another server or migration is using {path.absolute()}: "
                "stop it, or choose another folder with --data-dir"
            ) from None
        except OSError as error:
            raise Unavailable(f"cannot use the database {path.name}: {reason(error, with_file=True)}") from error
        yield


def is_locked(path: Path) -> bool:
    """Whether a server or a migration is using a database just now. Only for a process that is not connected to it."""
    return _is_locked_beside(path) or _is_locked_itself(path)


def refuse_another_name(path: Path) -> None:
    """Raises Unavailable where a server uses the database under another name: its latest changes are not visible under
    this one. Only for a process that is not connected to it."""
    if _is_locked_itself(path) and not _is_locked_beside(path):
        raise Unavailable(
            f"a server is using {path.name} under another name (a hard link, a mount): use that name, "
            "its latest changes are not visible under this one"
        )


@contextmanager
def _locked_beside(path: Path) -> Iterator[None]:
    opened = open_private(_beside(path))
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


@contextmanager
def _locked_itself(path: Path) -> Iterator[None]:
    if _inode(path) in _HELD:
        raise BlockingIOError
    opened = open_private(os.path.realpath(path))
    status = os.fstat(opened)
    inode = status.st_dev, status.st_ino
    try:
        _lock(opened)
        _HELD.add(inode)
        yield
    finally:
        _HELD.discard(inode)
        os.close(opened)


def _lock(opened: int) -> None:
    if _SET is None:
        return
    try:
        fcntl.fcntl(opened, _SET, _WHOLE)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN}:
            raise BlockingIOError from None
        if error.errno not in _NO_LOCKS:
            raise


def _is_locked_beside(path: Path) -> bool:
    try:
        opened = os.open(_beside(path), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # Shared, and let go of at once: nobody else who only looks is in the way.
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


def _is_locked_itself(path: Path) -> bool:
    if _GET is None or _inode(path) is None:
        return False
    if _inode(path) in _HELD:
        return True
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return bool(_FLOCK.unpack(fcntl.fcntl(opened, _GET, _WHOLE))[0] != fcntl.F_UNLCK)
    except OSError:
        return False
    finally:
        os.close(opened)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _beside(path: Path) -> str:
    # Beside the file itself: it may be reached by several symbolic links.
    return os.path.realpath(path) + SUFFIX


def _refuse_unwritable(path: Path) -> None:
    """SQLite would open it for reading, without a word until the first write."""
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.exists() and not os.access(file, os.W_OK):
            raise Unavailable(f"cannot use the database {path.name}: this user may not write {file.name}")
