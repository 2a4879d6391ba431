"""`sayso doctor`: is everything in place for a server?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FAILED, leave

if TYPE_CHECKING:
    from sayso.service.ports import Store
    from sayso.storage.database import Database
    from sayso.storage.structure import Fact


#: Not settings: the documentation has clients' programs read them.
_OF_CLIENTS = ("SAYSO_TOKEN", "SAYSO_URL")


@dataclass(frozen=True)
class Finding:
    """`verdict` is ok, note or wrong."""

    region: str | None
    check: str
    verdict: str
    detail: str


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read the whole of an embedded database and check its structure.")
@data.options
def command(deep: bool, **where: Any) -> None:
    """Look at versions, settings and databases; exit with 1 if something is wrong."""
    import asyncio

    place = data.Where(**where)
    databases = place.databases()
    findings = [*_program(), *asyncio.run(_findings(databases, deep=deep))]
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
    unknown = [name for name in unknown_variables(os.environ) if name not in _OF_CLIENTS]
    detail = f"not settings, and ignored: {', '.join(unknown)}" if unknown else "no unknown SAYSO_* variable is set"
    yield Finding(None, "variables", "note" if unknown else "ok", detail)


async def _findings(databases: dict[str, Database], *, deep: bool) -> list[Finding]:
    found = []
    for region, database in databases.items():
        facts = await database.facts(deep=deep)
        if ("schema", "ok") in [fact[:2] for fact in facts] and "wrong" not in {fact[1] for fact in facts}:
            facts += await _home(region, database)
        found += [Finding(region, *fact) for fact in facts]
    return found


async def _home(region: str, database: Database) -> list[Fact]:
    from sayso.deployment import opened_beside
    from sayso.domain.errors import Unavailable

    try:
        async with opened_beside(database, region) as opened:
            found = [workspace.id for workspace in await opened.workspaces.all()]
            count = "1 workspace" if len(found) == 1 else f"{len(found)} workspaces, all"
            home = ("region", "ok", f"{count} of region {region}")
            return [home, *[fact for workspace in found for fact in await _duplicates(opened.store, workspace)]]
    except Unavailable as error:
        return [("region", "wrong", error.message)]


async def _duplicates(store: Store, workspace_id: str) -> list[Fact]:
    from sayso.cli.verify import tell_duplicate

    found = await store.claim.duplicates(workspace_id)
    return [("duplicate", "note", f"workspace {workspace_id}, {tell_duplicate(duplicate)}") for duplicate in found]
