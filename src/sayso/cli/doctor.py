"""`sayso doctor`: is everything in place for a server?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FAILED, leave

#: Less room than this, in bytes, is a fault: a log that grew long needs about as much.
_ROOM = 256 * 1024**2


@dataclass(frozen=True)
class Finding:
    """`verdict` is ok, note or wrong."""

    region: str | None
    check: str
    verdict: str
    detail: str


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read the whole database file and check its structure.")
@data.options
def command(deep: bool, **where: Any) -> None:
    """Look at versions, files, room, locks and schema; exit with 1 if something is wrong."""
    place = data.Where(**where)
    paths = place.paths()
    findings = list(_program())
    for region, path in paths.items():
        findings += [Finding(region, *finding) for finding in _database(region, path, deep=deep)]
    if place.as_json:
        output.show_json({"findings": [asdict(finding) for finding in findings]})
    else:
        rows = [(one.region or "", one.check, one.verdict, one.detail) for one in findings]
        output.show_rows(("region", "check", "verdict", "detail"), rows)
    if any(finding.verdict == "wrong" for finding in findings):
        leave(FAILED)


def _program() -> Iterator[Finding]:
    import os
    import platform

    from sayso import __version__
    from sayso.settings import unknown_variables
    from sayso.storage.structure import versions

    yield Finding(None, "sayso", "ok", __version__)
    yield Finding(None, "python", "ok", platform.python_version())
    sqlite, apsw = versions()
    yield Finding(None, "sqlite", "ok", f"{sqlite}, apsw {apsw}")
    unknown = unknown_variables(os.environ)
    told = f"no setting is called so: {', '.join(unknown)}" if unknown else "every SAYSO_* variable is a setting"
    yield Finding(None, "variables", "note" if unknown else "ok", told)


_Fact = tuple[str, str, str]


def _database(region: str, path: Path, *, deep: bool) -> Iterator[_Fact]:
    yield _room(path)
    yield _server(path)
    if not path.is_file():
        yield "file", "note", f"{path} is not there yet; the first start makes it"
        return
    yield "file", "ok", f"{path}, {_size(path)}"
    yield _privacy(path)
    schema = _schema(path)
    yield schema
    if schema[1] == "ok":
        yield _home(region, path)
    yield from _structure(path, deep=deep)


def _room(path: Path) -> _Fact:
    import shutil

    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    return "disk", "ok" if free >= _ROOM else "wrong", f"{free // 1024**2} MiB free"


def _server(path: Path) -> _Fact:
    from sayso.storage.store import is_locked

    return "server", "ok", "a server or a migration holds the lock" if is_locked(path) else "none is running"


def _size(path: Path) -> str:
    log = path.with_name(f"{path.name}-wal")
    waiting = log.stat().st_size if log.exists() else 0
    return f"{path.stat().st_size} bytes, and {waiting} in the write-ahead log"


def _privacy(path: Path) -> _Fact:
    exposed = path.stat().st_mode & 0o004 and path.absolute().parent.stat().st_mode & 0o001
    if exposed:
        return "privacy", "wrong", f"everybody on this machine can read it; chmod 700 {path.parent}"
    return "privacy", "ok", "other users cannot read it"


def _schema(path: Path) -> _Fact:
    from sayso.domain.errors import Unavailable
    from sayso.storage.store import still_pending

    try:
        pending = still_pending(path)
    except Unavailable as error:
        return "schema", "wrong", error.message
    if pending:
        return "schema", "note", f"pending: {', '.join(pending)}; the next start applies it"
    return "schema", "ok", "up to date"


def _home(region: str, path: Path) -> _Fact:
    import asyncio

    from sayso.domain.errors import Unavailable

    try:
        found = asyncio.run(_workspaces(region, path))
    except Unavailable as error:
        return "region", "wrong", error.message
    return "region", "ok", f"{found} workspaces, all of region {region}"


async def _workspaces(region: str, path: Path) -> int:
    from sayso.deployment import opened_beside

    async with opened_beside(path, region) as opened:
        return len(await opened.workspaces.all())


def _structure(path: Path, *, deep: bool) -> Iterator[_Fact]:
    from sayso.domain.errors import Unavailable
    from sayso.storage.structure import faults, journal_mode

    try:
        mode = journal_mode(path)
        yield "journal", "ok" if mode == "wal" else "note", mode
        if deep:
            found = faults(path)
            yield "structure", "wrong" if found else "ok", "; ".join(found) or "ok"
    except Unavailable as error:
        yield "structure", "wrong", error.message
