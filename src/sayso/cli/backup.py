"""`sayso backup`: one consistent copy, while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sayso.cli import data, output


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@data.options
def command(file: Path, force: bool, **where: Any) -> None:
    """Copy a region's embedded database to FILE, as of one moment, while the server runs.

    Check a copy with `sayso verify --database-url sqlite:///FILE`; to restore it, put it in the database's place
    while no server runs. PostgreSQL has its own tools: pg_dump, pgBackRest.
    """
    import asyncio

    place = data.Where(**where)
    region, database = place.database()
    asyncio.run(data.refuse_missing(database))
    size = database.back_up(file, replace=force)
    if place.as_json:
        output.show_json({"file": str(file), "region": region, "bytes": size})
    else:
        click.echo(f"Copied region {region} to {file}: {size} bytes.")
