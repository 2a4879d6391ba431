"""A PostgreSQL database looked at from outside: its server, its schema, and whether it keeps what it acknowledges."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sayso.domain.errors import Unavailable
from sayso.storage import citus
from sayso.storage.postgres_connections import Connection
from sayso.storage.postgres_migrate import Session, still_pending
from sayso.storage.postgres_schema import compare
from sayso.storage.postgres_url import parsed
from sayso.storage.structure import Fact, compared, schema
from sayso.storage.url import DatabaseUrl

#: Those that everything was tried on.
VERSIONS = range(15, 19)

#: Where one of these is off, what was acknowledged may be lost in a crash.
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")

#: Look-ups by key go along an index, whatever the statistics, only where these are off. A connection of ours sets them;
#: a pooler in transaction mode keeps no settings, so the role or the database must.
_PLANNING = ("enable_seqscan", "enable_bitmapscan", "jit")

_SETTING = "SELECT setting FROM pg_settings WHERE name = $1"
_STANDBY = "SELECT pg_is_in_recovery()"
_ENCRYPTED = "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
_LOCAL = "SELECT inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1'"
_BYTES = "SELECT pg_database_size(current_database())"


async def facts(url: DatabaseUrl, timeout: int) -> list[Fact]:  # noqa: ASYNC109
    """What can be said of it; where nobody answers, that."""
    try:
        async with Session(url, timeout) as connection:
            size = await connection.fetchval(_BYTES)
            found = [fact async for fact in _told(connection)]
            found.append(await _planning(connection, pooled=parsed(url).pgbouncer))
            tables = compared(await compare(connection.fetch))
    except Unavailable as error:
        return [("database", "wrong", f"{url.shown}: {error.message}")]
    return [("database", "ok", f"{url.shown}, {size} bytes"), *found, await _schema(url, timeout), tables]


async def _told(connection: Connection) -> AsyncIterator[Fact]:
    version = connection.get_server_version()
    known = version.major in VERSIONS
    yield "postgresql", "ok" if known else "note", f"{version.major}.{version.minor}{'' if known else ', never tried'}"
    extension = await citus.version(connection)
    reports = extension is not None and await citus.reports_usage(connection)
    told = f"{extension}, which tells its makers about this server: set citus.enable_statistics_collection = off"
    yield "citus", "note" if reports else "ok", told if reports else extension or "not there"
    standby = await connection.fetchval(_STANDBY)
    yield "writes", "wrong" if standby else "ok", "refused: this server is a standby" if standby else "are taken"
    off = [name for name in _DURABLE if await connection.fetchval(_SETTING, name) == "off"]
    yield "durability", "wrong" if off else "ok", f"off: {', '.join(off)}" if off else "nothing that it needs is off"
    safe = await connection.fetchval(_ENCRYPTED) or await connection.fetchval(_LOCAL)
    yield "privacy", "ok" if safe else "note", "nobody can listen" if safe else "without TLS: add sslmode=verify-full"


async def _planning(connection: Connection, *, pooled: bool) -> Fact:
    if not pooled:
        return "planning", "ok", "each connection of a server sets what it needs"
    on = [name for name in _PLANNING if await connection.fetchval(_SETTING, name) == "on"]
    if on:
        return "planning", "note", f"on: {', '.join(on)}; ALTER ROLE ... SET to off, then RECONNECT in PgBouncer"
    told = (
        "off, as look-ups need, on the connection that was looked at; others that PgBouncer holds cannot be looked at"
    )
    return "planning", "ok", told


async def _schema(url: DatabaseUrl, timeout: int) -> Fact:  # noqa: ASYNC109
    try:
        return schema(await still_pending(url, timeout=timeout))
    except Unavailable as error:
        return "schema", "wrong", error.message
