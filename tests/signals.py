"""Signals to a process and all that it has started."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic


def family(pid: int) -> list[int]:
    """A process and its children, as they are now."""
    return [pid, *children(pid)]


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            # The name in brackets may hold anything.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def ended(pids: list[int], within: float) -> bool:
    """Whether all of them end in so many seconds; one that nobody has waited for has ended too."""
    deadline = monotonic() + within
    return all(_ends(pid, max(0, deadline - monotonic())) for pid in pids)


def _ends(pid: int, within: float) -> bool:
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            return bool(select.select([process], [], [], within)[0])
        finally:
            os.close(process)
    return True


def send(pids: list[int], number: signal.Signals) -> None:
    """To all of them that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process, then its children; afterwards let all of them go on."""
    # The parent first: it starts no more children then.
    send([pid], signal.SIGSTOP)
    stopped = family(pid)
    send(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        send(stopped, signal.SIGCONT)
