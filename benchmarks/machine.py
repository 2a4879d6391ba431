"""The machine, named."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import apsw

_LIBRARIES = ("uvicorn", "uvloop", "httptools", "fastapi", "sqlalchemy", "aiosqlite", "asyncpg", "pydantic")


def described() -> dict[str, str]:
    """Facts by name, for the table's head."""
    return {
        "CPU": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": apsw.sqlite_lib_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "nginx": _said("nginx", "-v").rpartition("/")[2] or "absent",
        "wrk": next(iter(_said("wrk", "-v").split()[1:2]), "absent"),
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    kib = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{kib / 1024**2:.0f} GiB"


def _said(program: str, *options: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        return ""
    done = subprocess.run([found, *options], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
