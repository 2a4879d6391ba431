"""The part of the report about what grows beside contacts."""

from __future__ import annotations

from benchmarks.results import Growth
from benchmarks.table import table

_NOTE = """\
CPU µs of a request on SQLite at 1 connection, where there is as much as the columns say. Most is 10,000, or the limit.
[What grows, and up to where](../docs/explanation/scale.md#what-grows-with-what) says which requests cost more, and why."""


def part(found: Growth | None) -> str:
    if found is None:
        return ""
    costs: dict[tuple[str, str], dict[int, float]] = {}
    for sample in found.samples:
        costs.setdefault((sample.thing, sample.request), {})[sample.number] = sample.cost
    rows = []
    for (thing, request), by_number in costs.items():
        told = ", ".join(f"{number:,}" for number in by_number)
        figures = " · ".join(f"{cost:,.0f}" for cost in by_number.values())
        rows.append((thing, request, told, figures, f"{ratio(by_number):.2f}"))
    columns = ("Many", "Request", "How many", "CPU µs", "Most over one")
    note = f"{_NOTE} Measured {found.when}."
    return f"### What a request costs, by how much else there is\n\n{note}\n\n{table(columns, rows)}"


def ratio(by_number: dict[int, float]) -> float:
    """Where there is most over where there is one."""
    return by_number[max(by_number)] / by_number[min(by_number)]
