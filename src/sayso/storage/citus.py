"""Where every table lies on Citus, which is PostgreSQL spread over several servers.

A contact's rows lie together, on the shard of its id; a claim lies on the shard of its value, an answer on that of its
key. Small tables have a copy on every server. This is no migration but a list, applied after each of them, to tables
that are new and to tables that are full: a step that was taken is not taken again, one that was cut short is finished.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sayso.storage.postgres_connections import Connection


class Distributed(NamedTuple):
    """A table split into shards by the hash of a column. `colocate_with`: the table whose shards its own lie beside."""

    table: str
    column: str
    colocate_with: str


DISTRIBUTED = (
    Distributed("contacts", "contact_id", "none"),
    Distributed("ledger", "contact_id", "contacts"),
    Distributed("events", "contact_id", "contacts"),
    Distributed("contact_tags", "contact_id", "contacts"),
    Distributed("contact_companies", "contact_id", "contacts"),
    Distributed("notes", "contact_id", "contacts"),
    Distributed("merges", "contact_id", "contacts"),
    Distributed("data_events", "contact_id", "contacts"),
    Distributed("data_event_summaries", "contact_id", "contacts"),
    Distributed("data_event_moves", "contact_id", "contacts"),
    Distributed("note_ids", "note_id", "none"),
    Distributed("contact_keys", "value", "none"),
    Distributed("companies", "company_id", "none"),
    Distributed("company_notes", "company_id", "companies"),
    Distributed("scrolls", "workspace_id", "none"),
    Distributed("bulk_tasks", "workspace_id", "none"),
    # Beside one workspace's contacts there is no place: they lie on all shards. Here a list reads its counts from one.
    Distributed("contact_counts", "workspace_id", "none"),
    Distributed("idempotency", "key", "none"),
)

#: Read often, written seldom: a write goes to every server. The tables about migrations too, so that each server knows
#: its schema.
REFERENCE = (
    "workspaces",
    "admins",
    "tokens",
    "subscription_types",
    "translations",
    "notices",
    "tags",
    "data_attributes",
    "settings_log",
    "note_numbers",
    "migrations",
    "migrating",
)

#: In the order in which they are placed.
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


async def distribute(connection: Connection, lock: str) -> list[str]:
    """Give every table its place where the extension is, and say which ones were given theirs now.

    On the coordinator, as the owner of the tables; a full one takes no writes meanwhile. `lock` is a statement that
    holds up other processes that do the same until the transaction ends: each step is looked at again behind it.
    """
    if await version(connection) is None:
        return []
    wanted = await unplaced(connection)
    placed = [table for table in wanted if await _stepped(connection, lock, table)]
    async with connection.transaction():
        await connection.execute(lock)
        for statement in tidying(await _found(connection), placed):
            await connection.execute(statement)
    return placed


async def _stepped(connection: Connection, lock: str, table: str) -> bool:
    async with connection.transaction():
        await connection.execute(lock)
        needed = table in await unplaced(connection)
        if needed:
            await connection.execute(placing(table))
    return needed


async def reports_usage(connection: Connection) -> bool:
    """Whether this server sends figures about itself to the makers of Citus: `citus.enable_statistics_collection`."""
    rows = await connection.fetch(_REPORTING)
    return bool(rows[0][0] == "on")


def placing(table: str) -> str:
    """The call that places a table; `TABLES` has them in an order in which each lies beside one that has its place."""
    distributed = {place.table: _DISTRIBUTE.format(*place) for place in DISTRIBUTED}
    return distributed.get(table) or _COPY_EVERYWHERE.format(table)


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
