"""What the kernel says of processes: CPU time and memory, from /proc."""

from __future__ import annotations

import os
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


def of_group(group: int) -> float:
    """CPU seconds (user and system) that the living processes of a group have used, all their threads included."""
    return sum(_cpu(fields) for fields in _stats() if int(fields[2]) == group) / _TICK


def of_machine() -> float:
    """CPU seconds that all cores have spent on anything, since the machine started."""
    user, nice, system, _idle, _wait, irq, softirq, steal = _machine()
    return (user + nice + system + irq + softirq + steal) / _TICK


def memory(group: int) -> Memory:
    """What the processes of a group hold together."""
    held = [_memory(int(fields[-1])) for fields in _stats() if int(fields[2]) == group]
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


def _memory(pid: int) -> Memory:
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
