"""The part of the report that is about contacts: what finding and making them costs."""

from __future__ import annotations

from statistics import median

from benchmarks import targets
from benchmarks.results import Search
from benchmarks.table import table

_MIB = 1024**2
_NAMES = {
    "id": "GET /contacts/{id}",
    "email": "search, `email =`",
    "external_id": "search, `external_id =`",
    "many updated": "search, `updated_at >`, most of all; 50 a page, from the second on",
    "few updated": "search, `updated_at >`, one in a thousand; 50 a page, from the second on",
    "create": "POST /contacts",
}


def part(found: Search | None) -> str:
    if found is None:
        return ""
    encoding = {each.name: each for each in found.encodings}
    rows = []
    for name, title in _NAMES.items():
        for server in ("sayso", "orm-20"):
            samples = [one for one in found.samples if (one.server, one.method) == (server, name)]
            if not samples:
                continue
            costs = f"{targets.encoded_ratio(found, name):.2f}" if name in encoding else ""
            rows.append(
                (
                    title if server == "sayso" else f"{title}, the user's stack",
                    f"{median(sample.per_second for sample in samples):,.0f}",
                    f"{median(sample.cpu_us for sample in samples):,.0f}",
                    f"{median(sample.p50 for sample in samples) / 1000:,.2f}",
                    f"{encoding[name].bytes:,}" if name in encoding else "",
                    costs,
                )
            )
    columns = ("Request", "Requests/s", "CPU µs/request", "p50 ms", "Answer, bytes", "CPU over constant and encoding")
    grown = ", ".join(f"{resident / _MIB:.0f}" for resident in found.load.resident)
    note = (
        f"{found.contacts:,} contacts on SQLite, 64 connections (pages: 4), in version 2.11 (one in a thousand: Preview). Over constant and encoding: the CPU time of the\n"
        "constant-body app that answers with as many bytes, and what encoding such an answer takes by itself.\n"
        f"{found.load.contacts:,} contacts were loaded through the API in {found.load.seconds:,.0f} s; the server's resident memory\n"
        f"after each part, in MiB: {grown}."
    )
    return f"### Contacts\n\n{table(columns, rows)}\n\n{note}"
