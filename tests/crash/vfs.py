"""A disk that keeps a record of what was done to it, and fails when told to.

The files are real ones. Beside them lies the record: writes, truncations, syncs, deletions, and what the test marks.
From it come the states in which a power cut could have left the files: all that was synced, and of the rest
whatever sectors chance has kept. The shared memory file is not recorded: after a power cut it is made anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import apsw

#: What a disk writes at once: the rest of a longer write may be missing.
SECTOR = 512


class Step(NamedTuple):
    """`what`: write, truncate, sync, failed sync, delete, sync of the folder, or mark. `value` is what was written,
    the new size, or the mark."""

    what: str
    file: str = ""
    value: Any = None
    offset: int = 0


class Disk(apsw.VFS):
    """An apsw VFS under `name`. `quota`: how many bytes all files may have together. The faults count down to 0."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.record: list[Step] = []
        self.sizes: dict[str, int] = {}
        self.quota: int | None = None
        self.failing_syncs = 0
        self.failing_writes = 0
        self.failing_reads = 0
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> File:
        return File(self, name, flags)

    def xDelete(self, path: str, sync_folder: bool) -> None:
        super().xDelete(path, sync_folder)
        self.sizes.pop(path, None)
        self.record.append(Step("delete", path))
        if sync_folder:
            self.record.append(Step("sync folder"))

    def mark(self, value: Any) -> None:
        """Note that something happened to the world outside: from here on it must not be lost."""
        self.record.append(Step("mark", value=value))

    def syncs(self, suffix: str = "") -> int:
        return sum(step.what == "sync" and step.file.endswith(suffix) for step in self.record)

    def room_for(self, path: str, end: int) -> bool:
        growth = max(0, end - self.sizes.get(path, 0))
        return self.quota is None or not growth or sum(self.sizes.values()) + growth <= self.quota


@contextmanager
def a_disk() -> Iterator[Disk]:
    made = Disk(f"disk-{secrets.token_hex(4)}")
    try:
        yield made
    finally:
        made.unregister()


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        super().__init__("", name, flags)
        disk.sizes.setdefault(self._path, super().xFileSize())
        # SQLite syncs the folder with the first sync of a journal or log that it opened.
        self._folder_unsynced = self._path.endswith(("-wal", "-journal"))

    @property
    def is_log(self) -> bool:
        return bool(self._path.endswith("-wal"))

    def xRead(self, amount: int, offset: int) -> bytes:
        if self._disk.failing_reads:
            self._disk.failing_reads -= 1
            raise apsw.exception_for(apsw.SQLITE_IOERR_READ)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        disk, end = self._disk, offset + len(data)
        if not disk.room_for(self._path, end):
            raise apsw.exception_for(apsw.SQLITE_FULL)
        if disk.failing_writes:
            disk.failing_writes -= 1
            raise apsw.exception_for(apsw.SQLITE_IOERR_WRITE)
        super().xWrite(data, offset)
        disk.sizes[self._path] = max(disk.sizes.get(self._path, 0), end)
        disk.record.append(Step("write", self._path, bytes(data), offset))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._disk.sizes[self._path] = size
        self._disk.record.append(Step("truncate", self._path, size))

    def xSync(self, flags: int) -> None:
        if self._disk.failing_syncs:
            self._disk.failing_syncs -= 1
            self._disk.record.append(Step("failed sync", self._path))
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)
        self._disk.record.append(Step("sync", self._path))
        if self._folder_unsynced:
            self._folder_unsynced = False
            self._disk.record.append(Step("sync folder"))


@dataclass
class _Kept:
    """A file on the platter: what is there for sure (None: no file), and what was done since."""

    content: bytearray | None = None
    unsynced: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        for step in self.unsynced:
            self.content = _done(self.content, step)
        self.unsynced = []

    def forget(self, chance: Random) -> None:
        """A sync failed: the kernel takes what it did not write for written, and no later sync brings it back."""
        self.content = self.left(chance)
        self.unsynced = []

    def left(self, chance: Random) -> bytearray | None:
        """What a power cut may leave: each unsynced sector with one probability, a different one for each cut."""
        content = None if self.content is None else bytearray(self.content)
        likely = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for step in self.unsynced:
            for part in _sectors(step):
                if chance.random() < likely:
                    content = _done(content, part)
        return content


#: By path, the files that had this name since the folder was synced: a power cut leaves one of them.
Folder = dict[str, list[_Kept]]


def states(record: list[Step], crashes: list[int], chance: Random) -> Iterator[tuple[dict[str, bytes], list[Any]]]:
    """The files as a power cut after each of `crashes` steps may leave them, and the marks made before it."""
    folder: Folder = {}
    marks: list[Any] = []
    done = 0
    for crash in sorted(crashes):
        for step in record[done:crash]:
            if step.what == "mark":
                marks.append(step.value)
            else:
                _follow(step, folder, chance)
        done = crash
        left = {path: chance.choice(named).left(chance) for path, named in folder.items()}
        yield {Path(path).name: bytes(content) for path, content in left.items() if content is not None}, list(marks)


def _follow(step: Step, folder: Folder, chance: Random) -> None:
    if step.what == "sync folder":
        for named in folder.values():
            del named[:-1]
        return
    named = folder.setdefault(step.file, [_Kept()])
    if step.what == "sync":
        named[-1].sync()
    elif step.what == "delete":
        named.append(_Kept())
    elif step.what == "failed sync":
        named[-1].forget(chance)
    else:
        named[-1].unsynced.append(step)


def _sectors(step: Step) -> Iterator[Step]:
    if step.what != "write":
        yield step
        return
    start, end = step.offset, step.offset + len(step.value)
    edges = [start, *range(start - start % SECTOR + SECTOR, end, SECTOR), end]
    for first, last in pairwise(edges):
        yield Step("write", step.file, step.value[first - start : last - start], first)


def _done(content: bytearray | None, step: Step) -> bytearray:
    content = bytearray() if content is None else content
    end = step.value if step.what == "truncate" else step.offset + len(step.value)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if step.what == "truncate":
        del content[end:]
    else:
        content[step.offset : end] = step.value
    return content
