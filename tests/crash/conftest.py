"""Disks that fail."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator

import pytest
from tests.crash.vfs import Disk, a_disk


@pytest.fixture
def disk() -> Iterator[Disk]:
    with a_disk() as made:
        yield made


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be had again: the seed is printed with a failure, and CRASH_SEED sets it."""
    seed = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
    print(f"CRASH_SEED={seed}")
    return random.Random(seed)
