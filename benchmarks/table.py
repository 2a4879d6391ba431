"""Tables of a page, and how their figures are written."""

from __future__ import annotations

from collections.abc import Iterable

#: Cores that other work may keep busy before a page warns of it.
BUSY = 0.1
BUSY_WARNING = "**The machine was busy with other work: take the ratios, not the rates, and those with care.**"


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"
