"""The reference in docs/ says what the code does."""

from __future__ import annotations

from dataclasses import fields

import click
import pytest
from scripts import reference

from sayso.cli import main
from sayso.settings import Settings


@pytest.mark.parametrize("name", reference.pages())
def test_the_reference_is_what_the_code_says(name: str):
    written = (reference.FOLDER / name).read_text("utf-8")

    assert reference.pages()[name] == written, f"docs/reference/{name} is old: run `make docs`"


def test_every_setting_is_in_the_reference():
    written = (reference.FOLDER / "settings.md").read_text("utf-8")

    assert [] == [setting.name for setting in fields(Settings) if f"`{setting.name}`" not in written]


def _commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    inner = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    return [found for name, one in inner if one for found in _commands(one, f"{path} {name}")]


@pytest.mark.parametrize(("path", "command"), _commands(main, "sayso"))
def test_every_command_has_help_takes_json_and_is_in_the_reference(path: str, command: click.Command):
    options = {name for parameter in command.params for name in parameter.opts}

    assert command.help
    assert "--json" in options
    assert f"## {path}\n" in (reference.FOLDER / "commands.md").read_text("utf-8")


def test_every_option_has_help():
    bare = [
        (path, parameter.name)
        for path, command in _commands(main, "sayso")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]

    assert [] == bare
