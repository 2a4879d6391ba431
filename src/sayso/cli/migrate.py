"""`sayso migrate`: bring databases up to date before a server starts, or move an embedded one into PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FAILED, FOUND, Wrong, leave

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.service.verify import Report
    from sayso.storage.database import Database, SqliteDatabase
    from sayso.storage.url import DatabaseUrl


#: Migrations whose code may run again.
AGAIN = ("0003_settings_log", "0007_normal_form", "0010_roles_and_user_counts")


@click.command("migrate")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when something is pending.")
@click.option("--to", "target", metavar="URL", help="Copy the embedded database into this one of PostgreSQL.")
@click.option(
    "--again",
    metavar="NAME",
    type=click.Choice(AGAIN),
    help="Run the code of a migration again, on what older servers wrote after it: "
    f"{', '.join(AGAIN[:-1])} or {AGAIN[-1]}.",
)
@data.options
def command(check: bool, target: str | None, again: str | None, **where: Any) -> None:
    """Make or migrate the database of every region, or of one.

    `sayso serve` does the same when it starts. It is refused while a server runs on an embedded database.

    With --again the code of a migration runs once more, on rows as they are now: where older servers went on writing
    after it. First make sure that what they wrote is what you want.

    With --to postgresql://user@host/database one region's embedded database is copied there, into an empty database,
    and verified; the exit code is 3 when something is wrong with the copy. It can be stopped and run again. The
    embedded database stays as it is. A password need not be in the address: PGPASSWORD and PGPASSFILE are heeded.
    """
    import asyncio

    place = data.Where(**where)
    if again is not None:
        if check or target is not None:
            raise Wrong("--again: use it without --check and --to")
        _run_again(place, again)
        return
    if target is not None:
        _copy(place, target, check=check)
        return
    done = asyncio.run(_done(place.databases(), check=check))
    word = "pending" if check else "applied"
    if place.as_json:
        output.show_json({"regions": {region: {word: names} for region, names in done.items()}})
    else:
        for region, names in done.items():
            click.echo(f"{region}: {word} {', '.join(names)}" if names else f"{region}: up to date")
    if check and any(done.values()):
        leave(FAILED)


def _run_again(place: data.Where, name: str) -> None:
    import asyncio

    databases = place.databases()
    for database in databases.values():
        asyncio.run(_done_again(database, name))
    if place.as_json:
        output.show_json({"regions": {region: {"again": [name]} for region in databases}})
    else:
        for region in databases:
            click.echo(f"{region}: {name} has run again")


async def _done_again(database: Database, name: str) -> None:
    from sayso.service.ids import now

    await data.refuse_missing(database)
    with database.locked():
        await database.run_again(name, now())


async def _done(databases: dict[str, Database], *, check: bool) -> dict[str, list[str]]:
    if check:
        return {region: await database.still_pending() for region, database in databases.items()}
    return {region: await _migrated(database) for region, database in databases.items()}


async def _migrated(database: Database) -> list[str]:
    from sayso.service.ids import now

    with database.locked():
        return await database.bring_up_to_date(now())


def _copy(place: data.Where, target: str, *, check: bool) -> None:
    import asyncio

    from sayso.storage.database import SqliteDatabase
    from sayso.storage.url import DatabaseUrl

    settings, _ = place.loaded()
    url = DatabaseUrl(target)
    if check:
        raise Wrong("--to and --check: use one of them")
    if url.fault or url.path is not None:
        raise Wrong(f"--to: {url.fault or 'must be postgresql://user@host/database'}")
    if settings.regions and place.region is None:
        raise Wrong("--to: there are several regions, choose one with --region")
    region, source = place.database()
    if not isinstance(source, SqliteDatabase):
        raise Wrong(f"--to copies an embedded database, and {source.name} is not one")

    def told(table: str, rows: int) -> None:
        if not place.as_json:
            click.echo(f"{table}: {rows} rows copied", err=True)

    rows, report = asyncio.run(_copied(source, url, settings.database_timeout, told))
    _tell(place, region, url, rows, report)
    if report.problems:
        leave(FOUND)


async def _copied(
    source: SqliteDatabase,
    url: DatabaseUrl,
    timeout: int,  # noqa: ASYNC109
    told: Callable[[str, int], None],
) -> tuple[dict[str, int], Report]:
    from sayso.domain.errors import NotFound
    from sayso.service.ids import now
    from sayso.service.verify import verify
    from sayso.storage.copy import copy, finish
    from sayso.storage.database import at

    if not await source.exists():
        raise NotFound(f"there is no database {source.name}: name its folder with --data-dir")
    target = at(url, timeout)
    with source.locked():
        for database in (source, target):
            await database.bring_up_to_date(now())
        rows = await copy(source.path, url, timeout, told)
        opened = await target.open()
        try:
            report = await verify(opened)
        finally:
            await opened.close()
        if not report.problems:
            await finish(url, timeout)
    return rows, report


def _tell(place: data.Where, region: str, url: DatabaseUrl, rows: dict[str, int], report: Report) -> None:
    from dataclasses import asdict

    if place.as_json:
        problems = [asdict(problem) for problem in report.problems]
        output.show_json({"region": region, "target": url.shown, "rows": rows, "problems": problems})
        return
    for problem in report.problems:
        click.echo(f"workspace {problem.workspace_id}, contact {problem.contact_id}: {problem.what}")
    if report.problems:
        click.echo(
            f"The copy is not finished: {len(report.problems)} problems found. Does `sayso verify` find them too?"
        )
        return
    click.echo(f"Copied {sum(rows.values())} rows of region {region} to {url.shown}, and verified")
    click.echo(f"{report.contacts} contacts and {report.entries} entries. From now on set SAYSO_DATABASE_URL to it.")
