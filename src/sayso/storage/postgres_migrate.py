"""Migrations on PostgreSQL: the same files, each in one transaction, under a lock that every process takes."""

from __future__ import annotations

import asyncio
import re

import asyncpg

from sayso.domain.errors import Unavailable
from sayso.storage import citus, migrate
from sayso.storage.postgres_connections import Connection, dialled
from sayso.storage.postgres_url import parsed

#: Who migrates holds it, so that several processes that start together take turns.
_LOCK = "SELECT pg_advisory_xact_lock(7316294371)"

_IS_THERE = "SELECT to_regclass('migrations') IS NOT NULL"
_APPLIED = "SELECT name, sha256 FROM migrations"
_NOTE = "INSERT INTO migrations (name, sha256, applied_at) VALUES ($1, $2, $3)"

#: A migration may take long, and so may waiting for another process', in seconds.
_PATIENCE = 3_600.0

_TEXT = re.compile(r"\bTEXT\b")


async def bring_up_to_date(url: str, now: int, *, timeout: float = 5.0) -> list[str]:  # noqa: ASYNC109
    """Make or migrate the schema, and say what was applied. `timeout` is for connecting, in seconds.

    Raises NewerSchema, Unavailable, Invalid.
    """
    async with Session(url, timeout) as connection:
        applied = []
        if await _pending(connection):
            applied = [name for name, sql in migrate.files() if await _applied(connection, name, sql, now)]
        return applied + _on_citus(await citus.distribute(connection, _LOCK))


async def still_pending(url: str, *, timeout: float = 5.0) -> list[str]:  # noqa: ASYNC109
    """The migrations a database needs, and the tables that lack their place on Citus.

    Raises NewerSchema, Unavailable, Invalid.
    """
    async with Session(url, timeout) as connection:
        return await _pending(connection) + _on_citus(await citus.unplaced(connection))


def for_postgres(sql: str) -> str:
    """The shared schema as PostgreSQL keeps it best: text in the order of its bytes, as everywhere else."""
    return _TEXT.sub('TEXT COLLATE "C"', sql)


def _on_citus(tables: list[str]) -> list[str]:
    return [f"{table} on Citus" for table in tables]


async def _applied(connection: Connection, name: str, sql: str, now: int) -> bool:
    """Apply one migration. Looked up under the lock: another process may have been faster."""
    async with connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(migrate.TABLE)
        needed = name in await _pending(connection)
        if needed:
            await connection.execute(for_postgres(sql))
            await connection.execute(_NOTE, name, migrate.digest(sql), now)
    return needed


async def _pending(connection: Connection) -> list[str]:
    there = await connection.fetchval(_IS_THERE)
    rows = await connection.fetch(_APPLIED) if there else []
    return migrate.lacking({str(name): str(sha256) for name, sha256 in rows})


class Session:
    """One connection for as long as it takes."""

    def __init__(self, url: str, timeout: float) -> None:
        self._place = parsed(url)
        self._timeout = timeout

    async def __aenter__(self) -> Connection:
        failure: Exception | None = None
        for host in self._place.hosts:
            try:
                async with asyncio.timeout(self._timeout / len(self._place.hosts)):
                    self._connection = await dialled(host, self._place, _PATIENCE)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                failure = error
                continue
            return _checked(self._connection)
        raise Unavailable(_told(failure)) from failure

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._connection.terminate()
        if isinstance(error, (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            raise Unavailable(f"cannot use the database: {error}") from error


def _checked(connection: Connection) -> Connection:
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        connection.terminate()
        raise Unavailable(f"the database keeps text as {encoding}: make one with ENCODING 'UTF8'")
    return connection


def _told(failure: Exception | None) -> str:
    if isinstance(failure, TimeoutError):
        return "cannot reach the database: it did not answer in time"
    return f"cannot reach the database: {failure}"
