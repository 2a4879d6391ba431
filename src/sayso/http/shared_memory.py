"""Memory that several processes see: those that are forked from the one which made it."""

from __future__ import annotations

from collections.abc import Sequence
from mmap import mmap


def rows(members: int, length: int) -> Sequence[memoryview]:
    """For each member a row of numbers of eight bytes, all of them 0. Of it, only pages that are used take memory."""
    numbers = memoryview(mmap(-1, members * length * 8)).cast("Q")
    return [numbers[at * length : (at + 1) * length] for at in range(members)]
