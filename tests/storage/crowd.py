"""A workspace with many contacts, written in bulk, and how much a read of them looks at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
from tests.cast import NOON
from tests.storage.conftest import ACME

from sayso.service.ids import RandomIds
from sayso.storage.sqlite import connect

#: Contacts are created, and were last updated, this far apart, in ms.
BETWEEN = 1_000

_CONTACTS = """workspace_id, contact_id, state, revision, updated_at, last_act, subject, head_seq, standing, created_at,
role, external_id, email, name, profile, tags, companies, notes"""

_TABLES = {
    "contacts": _CONTACTS,
    "contact_keys": "workspace_id, kind, value, contact_id, state, at",
    "events": "act, workspace_id, contact_id, kind, seq, at",
    "contact_counts": "workspace_id, part, state, role, contacts",
    "contact_tags": "workspace_id, contact_id, tag_id, applied_at, applied_by",
}


def rows(number: int, role: Callable[[int], str]) -> dict[str, list[tuple[Any, ...]]]:
    """Every table's rows, for contacts whose roles `role` says. Each has the tag 1."""
    ids = RandomIds()
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
    roles = [role(place) for place in range(number)]
    for place, is_ in enumerate(roles):
        at = NOON + place * BETWEEN
        contact_id, act = bytes.fromhex(ids.contact(at)), bytes.fromhex(ids.act(at))
        email = f"person.{place}@example.com"
        found["contacts"].append(
            (
                ACME,
                contact_id,
                "live",
                1,
                at,
                act,
                act,
                0,
                "",
                at,
                is_,
                f"person-{place}",
                email,
                "Person",
                "{}",
                "1",
                "",
                "",
            )
        )
        if is_ == "user":
            found["contact_keys"].append((ACME, "email", email, contact_id, "live", 0))
        found["events"].append((act, ACME, contact_id, "created", None, at))
        found["contact_tags"].append((ACME, contact_id, "1", at, "1"))
    found["contact_counts"] = [(ACME, 0, "live", each, roles.count(each)) for each in ("user", "lead")]
    return found


def fill_file(path: Path, written: dict[str, list[tuple[Any, ...]]]) -> None:
    with closing(connect(path)) as connection, connection:
        for table, columns in _TABLES.items():
            places = ", ".join("?" * len(columns.split(",")))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", written[table])


async def fill_database(url: str, written: dict[str, list[tuple[Any, ...]]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for table, columns in _TABLES.items():
            names = [name.strip() for name in columns.split(",")]
            await connection.copy_records_to_table(table, records=written[table], columns=names)
    finally:
        await connection.close()
