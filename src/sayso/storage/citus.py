"""Where every table lies on Citus, which is PostgreSQL spread over several servers.

A contact's rows lie together, on the shard of its id; a claim lies on the shard of its value, an answer on that of its
key. Small tables have a copy on every server. This is no migration but a list, applied after each of them, to tables
that are new and to tables that are full: a step that was taken is not taken again, one that was cut short is finished.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol


class Distributed(NamedTuple):
    """A table split into shards by the hash of a column. `colocate_with`: the table whose shards its own lie beside."""

    table: str
    column: str
    colocate_with: str


DISTRIBUTED = (
    Distributed("contacts", "contact_id", "none"),
    Distributed("ledger", "contact_id", "contacts"),
    Distributed("events", "contact_id", "contacts"),
    Distributed("contact_keys", "value", "none"),
    Distributed("idempotency", "key", "none"),
)

#: Read often, written seldom: a write goes to every server. `migrations` too, so that each server knows its schema.
REFERENCE = (
    "workspaces",
    "admins",
    "tokens",
    "subscription_types",
    "translations",
    "notices",
    "migrations",
)

TABLES = (*(place.table for place in DISTRIBUTED), *REFERENCE)

_EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'citus'"

# Not every row of pg_dist_partition is of a table that was placed: an operator may have listed a local one there.
_FOUND = """SELECT table_.relname::text, (placed.partmethod = 'h' OR placed.repmodel = 't') IS TRUE,
pg_relation_size(table_.oid) > 0 FROM pg_class AS table_
LEFT JOIN pg_dist_partition AS placed ON placed.logicalrelid = table_.oid
WHERE table_.relkind = 'r' AND table_.relnamespace = current_schema()::regnamespace"""

_REPORTING = "SELECT current_setting('citus.enable_statistics_collection', true)"

_DISTRIBUTE = "SELECT create_distributed_table('{0}', '{1}', colocate_with => '{2}')"

_COPY_EVERYWHERE = "SELECT create_reference_table('{0}')"

# What lay in the table before is in its shards now, and on the coordinator's disk still.
_EMPTY_LOCALLY = "SELECT truncate_local_data_after_distributing_table('{0}')"

# Without statistics of the shards, a page of contacts took sixteen times as long.
_ANALYZE = "ANALYZE {0}"


class Connection(Protocol):
    """What is needed of asyncpg's, outside of a transaction and without a deadline: full tables take their time."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...

    async def execute(self, query: str, *args: Any) -> str: ...


class Found(NamedTuple):
    """A table as the coordinator sees it. `full`: rows from before it was placed still take up its disk."""

    table: str
    placed: bool
    full: bool


async def version(connection: Connection) -> str | None:
    """Of the extension in this database; None where it is plain PostgreSQL."""
    rows = await connection.fetch(_EXTENSION)
    return str(rows[0][0]) if rows else None


async def unplaced(connection: Connection) -> list[str]:
    """The tables that `distribute` would still place: none on plain PostgreSQL."""
    if await version(connection) is None:
        return []
    return _unplaced(await _found(connection))


async def distribute(connection: Connection) -> list[str]:
    """Give every table its place where the extension is, and say which ones were given theirs now.

    On the coordinator, by one process at a time, as the owner of the tables. A full table takes no writes meanwhile.
    """
    wanted = await unplaced(connection)
    for statement in placing(wanted):
        await connection.execute(statement)
    if await version(connection) is not None:
        for statement in tidying(await _found(connection), wanted):
            await connection.execute(statement)
    return wanted


async def reports_usage(connection: Connection) -> bool:
    """Whether this server sends figures about itself to the makers of Citus: `citus.enable_statistics_collection`."""
    rows = await connection.fetch(_REPORTING)
    return rows[0][0] == "on"


def placing(tables: Iterable[str]) -> list[str]:
    """The calls that place these tables, each colocated one after the table that it lies beside."""
    wanted = set(tables)
    distributed = [_DISTRIBUTE.format(*place) for place in DISTRIBUTED if place.table in wanted]
    return distributed + [_COPY_EVERYWHERE.format(table) for table in REFERENCE if table in wanted]


def tidying(found: Iterable[Found], placed_now: Iterable[str]) -> list[str]:
    """What is left to do for tables that were full: now, and when an earlier call was cut short."""
    full = {table for table, placed, full in found if placed and full}
    emptied = [_EMPTY_LOCALLY.format(table) for table in TABLES if table in full]
    return emptied + [_ANALYZE.format(table) for table in TABLES if table in full | set(placed_now)]


def _unplaced(found: Iterable[Found]) -> list[str]:
    lacking = {table for table, placed, _ in found if not placed}
    return [table for table in TABLES if table in lacking]


async def _found(connection: Connection) -> list[Found]:
    return [Found(*row) for row in await connection.fetch(_FOUND)]
