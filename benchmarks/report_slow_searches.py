"""The part of the report about one token that sends the worst searches."""

from __future__ import annotations

from benchmarks import targets
from benchmarks.results import SlowSearches
from benchmarks.table import table

_MIB = 1024**2


def part(found: SlowSearches | None) -> str:
    if found is None:
        return ""
    calm, searched = (
        {kind: targets.slow_p99(found, kind, searching=searching) for kind in found.rounds[0].p99}
        for searching in (False, True)
    )
    rows = [
        (kind, f"{calm[kind]:.1f}", f"{searched[kind]:.1f}", f"{targets.slow_ratio(found, kind):.2f}") for kind in calm
    ]
    searchers = max(each.searchers for each in found.rounds)
    ended = sorted({end for each in found.rounds for end in each.searches})
    ends = ", ".join(f"{sum(each.searches.get(end, 0) for each in found.rounds):,} {end}" for end in ended)
    note = (
        f"{found.contacts:,} contacts on SQLite. {found.clients} clients of one token work, each one request after the "
        f"other; {searchers} clients of another token\nsend searches that no index helps, 225 filters each, and "
        f"disconnect after a second. The p99 is the median of the rounds. What became of the searches: {ends}."
    )
    columns = ("Request of the others", "p99 ms without searches", "p99 ms with them", "Ratio")
    return f"### Slow searches\n\n{table(columns, rows)}\n\n{note}"
