"""What the kernel says of processes: CPU time and memory, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

#: Mappings of these files are the database's pages, which the kernel takes back when it needs the room.
_DATABASE = (".db", ".db-shm", ".db-wal")


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes. `private` leaves out the pages of mapped database files, which are `mapped`."""

    resident: int
    private: int
    mapped: int


def of_session(session: int) -> float:
    """CPU seconds (user and system) that the living processes of a session have used, all their threads included."""
    return sum(_cpu(fields) for fields in _stats() if int(fields[3]) == session) / _TICK


def of_process(pid: int) -> float:
    return _cpu(_stat(pid)) / _TICK


def of_family(parent: int) -> float:
    """CPU seconds of a process and of its children, those that ended included."""
    while True:
        ended = _ended(parent)
        used = sum(_cpu(fields) for fields in _stats() if parent in (int(fields[1]), int(fields[-1])))
        # One that ended in between would count twice, or not at all.
        if ended == _ended(parent):
            return (used + ended) / _TICK


def of_machine() -> float:
    """CPU seconds that all cores have spent on anything, since the machine started."""
    user, nice, system, _idle, _wait, irq, softirq, steal = _machine()
    return (user + nice + system + irq + softirq + steal) / _TICK


def children(parent: int) -> list[int]:
    return sorted(int(fields[-1]) for fields in _stats() if int(fields[1]) == parent)


def of_group(session: int) -> list[int]:
    """The processes of a session."""
    return sorted(int(fields[-1]) for fields in _stats() if int(fields[3]) == session)


def threads(pids: Iterable[int]) -> dict[int, int]:
    """CPU time of each living thread of some processes, by its id, in ns: ticks are too long for a short load."""
    spent = {}
    for pid in pids:
        # One that ends meanwhile is left out.
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                spent[int(task.name)] = int((task / "schedstat").read_text().split()[0])
    return spent


def proportional(pid: int) -> int:
    """What a process holds in bytes: what it shares counts by its share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def memory(session: int) -> Memory:
    """What the processes of a session hold together."""
    held = [memory_of(int(fields[-1])) for fields in _stats() if int(fields[3]) == session]
    return Memory(
        sum(part.resident for part in held), sum(part.private for part in held), sum(part.mapped for part in held)
    )


def _machine() -> list[int]:
    line = Path("/proc/stat").read_text().split("\n", 1)[0]
    return [int(word) for word in line.split()[1:9]]


def _stats() -> list[list[str]]:
    """The fields of /proc/*/stat after the command's name, and last the process id."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            line = (process / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append([*line.rpartition(")")[2].split(), process.name])
    return found


def _cpu(fields: list[str]) -> int:
    return int(fields[11]) + int(fields[12])


def _ended(parent: int) -> int:
    """Of its children that it has seen the end of."""
    fields = _stat(parent)
    return int(fields[13]) + int(fields[14])


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def memory_of(pid: int) -> Memory:
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    private = mapped = 0
    database = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *words = line.split()
        if not name.endswith(":"):
            database = bool(words) and words[-1].endswith(_DATABASE)
        elif name == "Rss:" and database:
            mapped += int(words[0]) * 1024
        elif name in ("Private_Clean:", "Private_Dirty:") and not database:
            private += int(words[0]) * 1024
    return Memory(resident, private, mapped)
