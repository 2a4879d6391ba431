"""`sayso backup`: one consistent copy, while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output, outside_copy
from sayso.cli.paths import NewFile

if TYPE_CHECKING:
    from sayso.domain.digest import Digest


@click.command("backup")
@click.argument("file", type=NewFile())
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@data.options
def command(file: Path, force: bool, **where: Any) -> None:
    """Copy a region's embedded database to FILE, as of one moment, while the server runs.

    FILE.digest gets the digest of each workspace in FILE. Keep it elsewhere: `sayso verify --expect FILE.digest` then
    finds what was altered in the copy.

    Check a copy with `sayso verify --database-url sqlite:///FILE`; to restore it, put it in the database's place
    while no server runs. PostgreSQL has its own tools: pg_dump, pgBackRest.
    """
    import asyncio

    from sayso.service.ids import now

    place = data.Where(**where)
    region, database = place.database()
    asyncio.run(data.refuse_missing(database))
    digest_file = file.with_name(f"{file.name}.digest")
    outside_copy.refuse_other_content(digest_file)
    made_at = output.time(now())
    size = database.back_up(file, replace=force, outdated=[digest_file])
    outside_copy.write_digests(digest_file, region, made_at, asyncio.run(_digests(file)))
    if place.as_json:
        output.show_json({"file": str(file), "digest_file": str(digest_file), "region": region, "bytes": size})
    else:
        click.echo(f"Copied region {region} to {file}: {size} bytes.")
        click.echo(f"{digest_file} has its digests; keep it elsewhere, for `sayso verify --expect`.")


async def _digests(file: Path) -> dict[str, Digest]:
    from sayso.service.digest import digest
    from sayso.storage.store import sqlite

    store = sqlite(file)
    try:
        return {workspace.id: await digest(store, workspace.id) for workspace in await store.workspace.all()}
    finally:
        await store.close()
