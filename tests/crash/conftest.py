"""Disks that fail."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator

import pytest
from tests.crash.vfs import Disk


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk(f"disk-{secrets.token_hex(4)}")
    yield made
    made.unregister()


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be had again: the seed is printed with a failure, and CRASH_SEED sets it."""
    seed = os.environ.get("CRASH_SEED") or secrets.token_hex(4)
    print(f"CRASH_SEED={seed}")
    return random.Random(seed)
