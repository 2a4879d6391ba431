"""What this machine has, and how long tests wait for it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

#: How long to wait for what must happen, in seconds. A test that passes never waits for it, however slow the machine.
DEADLINE = 300.0

#: Where this is set nothing may be missing: `scripts/install-clients.sh` and `scripts/install-tools.sh` have run.
DEMANDED = bool(os.environ.get("CI"))


def lacks(told: str) -> NoReturn:
    """Skip the test for want of something; where nothing may be missing, fail it."""
    if DEMANDED:
        pytest.fail(told)
    pytest.skip(told)


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of these programs is missing; where nothing may be missing it is run, and fails."""
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing) and not DEMANDED, reason=f"there is no {', '.join(missing)}")


def program(name: str) -> str:
    """Where a program is that comes with our packages, where they have one for this machine; or the machine's own."""
    ours = str(Path(sys.executable).parent)
    return shutil.which(name, path=ours) or shutil.which(name) or lacks(f"there is no {name}")
