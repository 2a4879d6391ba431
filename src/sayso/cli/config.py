"""`sayso config`: show."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click

from sayso.cli import data, output


@click.group("config")
def command() -> None:
    """Show the settings and where they come from."""


@command.command()
@data.options
def show(**where: Any) -> None:
    """Show every setting's value and source. Secrets are shown as ***."""
    from sayso.settings import Settings, shown

    place = data.Where(**where)
    settings, sources = place.loaded()
    found = [
        {"name": one.name, "value": shown(settings, one.name), "source": sources[one.name]} for one in fields(Settings)
    ]
    if place.as_json:
        output.show_json({"settings": found})
    else:
        output.show_rows(("setting", "value", "source"), [list(one.values()) for one in found])
