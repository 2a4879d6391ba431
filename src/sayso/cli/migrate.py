"""`sayso migrate`: bring databases up to date before a server starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FAILED, leave


@click.command("migrate")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when something is pending.")
@data.options
def command(check: bool, **where: Any) -> None:
    """Make or migrate the database of every region, or of one.

    `sayso serve` does the same when it starts. It is refused while a server runs.
    """
    place = data.Where(**where)
    done = {region: _pending(path) if check else _migrated(path) for region, path in place.paths().items()}
    word = "pending" if check else "applied"
    if place.as_json:
        output.show_json({"regions": {region: {word: names} for region, names in done.items()}})
    else:
        for region, names in done.items():
            click.echo(f"{region}: {word} {', '.join(names)}" if names else f"{region}: up to date")
    if check and any(done.values()):
        leave(FAILED)


def _pending(path: Path) -> list[str]:
    from sayso.storage.store import still_pending

    return still_pending(path)


def _migrated(path: Path) -> list[str]:
    from sayso.service.ids import now
    from sayso.storage.store import bring_up_to_date, locked

    with locked(path):
        return bring_up_to_date(path, now())
