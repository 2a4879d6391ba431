"""A database file with the schema, made once and copied: to make one takes longer than most tests on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cast import NOON

from sayso.storage.store import bring_up_to_date


def new_file(path: Path) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(_made())
    return path


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "sayso.db")
        bring_up_to_date(path, NOON)
        return path.read_bytes()
