"""`sayso migrate`: bring databases up to date before a server starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FAILED, leave

if TYPE_CHECKING:
    from sayso.storage.database import Database


@click.command("migrate")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when something is pending.")
@data.options
def command(check: bool, **where: Any) -> None:
    """Make or migrate the database of every region, or of one.

    `sayso serve` does the same when it starts. It is refused while a server runs.
    """
    import asyncio

    place = data.Where(**where)
    done = asyncio.run(_done(place.databases(), check=check))
    word = "pending" if check else "applied"
    if place.as_json:
        output.show_json({"regions": {region: {word: names} for region, names in done.items()}})
    else:
        for region, names in done.items():
            click.echo(f"{region}: {word} {', '.join(names)}" if names else f"{region}: up to date")
    if check and any(done.values()):
        leave(FAILED)


async def _done(databases: dict[str, Database], *, check: bool) -> dict[str, list[str]]:
    if check:
        return {region: await database.still_pending() for region, database in databases.items()}
    return {region: await _migrated(database) for region, database in databases.items()}


async def _migrated(database: Database) -> list[str]:
    from sayso.service.ids import now

    with database.locked():
        return await database.bring_up_to_date(now())
