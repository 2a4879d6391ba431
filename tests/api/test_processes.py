"""What several processes take of the machine, told as one."""

from __future__ import annotations

import os
import subprocess
import sys

from sayso.api.processes import Processes


def told(*pids: int) -> dict[str, float]:
    return {sample.name: sample.value for metric in Processes(pids).collect() for sample in metric.samples}


def test_what_two_take_is_what_each_takes_together():
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        # By then it has opened what it opens.
        assert other.stdout
        other.stdout.readline()
        mine, others, both = told(os.getpid()), told(other.pid), told(os.getpid(), other.pid)
        other.communicate(b"\n")

    for name in ("process_virtual_memory_bytes", "process_open_fds"):
        assert abs(mine[name] + others[name] - both[name]) <= max(3, 0.05 * both[name]), name
    assert both["process_resident_memory_bytes"] > mine["process_resident_memory_bytes"]
    assert (
        min(mine["process_start_time_seconds"], others["process_start_time_seconds"])
        == both["process_start_time_seconds"]
    )
    assert mine["process_max_fds"] == both["process_max_fds"]


def test_one_that_is_gone_is_left_out():
    assert set(told(os.getpid())) == set(told(os.getpid(), 2**22 - 1))
    assert {} == told(2**22 - 1)
