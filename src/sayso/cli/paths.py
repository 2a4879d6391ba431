"""Types of options: names of files that commands write, and texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class NewFile(click.Path):
    """The name of a file to write: not empty, and no folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not os.fspath(value):
            self.fail("must name a file", param, ctx)
        return super().convert(value, param, ctx)


class NotEmpty(click.ParamType[str]):
    """A text. `message` is what an empty one is refused with."""

    name = "text"

    def __init__(self, message: str) -> None:
        self._message = message

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            self.fail(self._message, param, ctx)
        return value


WORKSPACE = NotEmpty("must be a workspace's id; `sayso workspace list` shows those there are")
