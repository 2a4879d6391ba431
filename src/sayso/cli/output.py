"""Output: JSON for machines; tables for people on a terminal, plain columns elsewhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_rows(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table; without rows its headings alone."""
    words = [[_word(value) for value in row] for row in rows]
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _show_table(headings, words)
        return
    widths = [max(len(row[place]) for row in (headings, *words)) for place in range(len(headings))]
    for row in (headings, *words):
        click.echo("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())


def show_facts(facts: Mapping[str, Any]) -> None:
    """One thing, a line for each of its facts."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        click.echo(f"{name.ljust(width)}  {_word(value)}".rstrip())


def time(ms: int | None) -> str | None:
    """RFC 3339, UTC."""
    from datetime import UTC, datetime

    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def _show_table(headings: Sequence[str], words: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in words:
        table.add_row(*(Text(word) for word in row))
    Console().print(table)


def _word(value: Any) -> str:
    """A value as one printable word or line: what people typed may steer a terminal."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))
