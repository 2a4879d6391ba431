"""Migrations on PostgreSQL: the same files and the same code, in transactions of which each takes one lock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from sayso.domain.errors import Unavailable
from sayso.storage import citus, migrate
from sayso.storage.engine import Row
from sayso.storage.postgres_connections import Connection, dialled
from sayso.storage.postgres_url import parsed
from sayso.storage.reason import reason

#: Who migrates holds it, so that several processes that start together take turns.
_LOCK = "SELECT pg_advisory_xact_lock(7316294371)"

_IS_THERE = "SELECT to_regclass('migrations') IS NOT NULL"
_KEEPS_PLACES = "SELECT to_regclass('migrating') IS NOT NULL"
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
            applied = [name for name, sql in migrate.files() if await _apply(connection, name, sql, now)]
        return applied + _on_citus(await citus.distribute(connection, _LOCK))


async def run_again(url: str, name: str, now: int, *, timeout: float = 5.0) -> None:  # noqa: ASYNC109
    """Run the code of a migration that was applied, from its beginning. Raises Unavailable, Invalid."""
    async with Session(url, timeout) as connection:
        place: str | None = ""
        while place is not None:
            async with connection.transaction():
                await connection.execute(_LOCK)
                place = await migrate.BACKFILLS[name](_Batch(connection, place, now, migrate.BATCH))


async def still_pending(url: str, *, timeout: float = 5.0) -> list[str]:  # noqa: ASYNC109
    """The migrations a database needs, and the tables that lack their place on Citus.

    Raises NewerSchema, Unavailable, Invalid.
    """
    async with Session(url, timeout) as connection:
        return await _pending(connection) + _on_citus(await citus.unplaced(connection))


def for_postgres(sql: str) -> str:
    """Tables as PostgreSQL keeps them best: text in the order of its bytes, as everywhere else."""
    return _TEXT.sub('TEXT COLLATE "C"', sql)


def _on_citus(tables: list[str]) -> list[str]:
    return [f"{table} on Citus" for table in tables]


async def _apply(connection: Connection, name: str, sql: str, now: int) -> bool:
    """Apply one migration; false where another process did, which is looked up under the lock in each transaction."""
    async with connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(for_postgres(migrate.TABLES))
        needed = name not in await _applied(connection) and name in await _pending(connection)
        if needed:
            await connection.execute(for_postgres(sql))
            await connection.execute(_NOTE, name, migrate.digest(sql), now)
            if name in migrate.BACKFILLS:
                await connection.execute(migrate.BEGIN_BACKFILL, name)
    return await _backfill(connection, name) if name in migrate.BACKFILLS else needed


async def _backfill(connection: Connection, name: str) -> bool:
    """Run a migration's code to its end; false where another process came to that first. Processes that run it at once
    take turns at its batches."""
    while True:
        async with connection.transaction():
            await connection.execute(_LOCK)
            found = [(place, began) for half, place, began in await _unfinished(connection) if half == name]
            if not found:
                return False
            place = await migrate.BACKFILLS[name](_Batch(connection, *found[0], migrate.BATCH))
            if place is None:
                await connection.execute(migrate.END_BACKFILL, name)
            else:
                await connection.execute(migrate.MOVE_BACKFILL, name, place)
        if place is None:
            return True


@dataclass(frozen=True)
class _Batch:
    connection: Connection
    place: str
    now: int
    limit: int

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return [tuple(row) for row in await self.connection.fetch(sql, *params)]

    async def write(self, sql: str, rows: Sequence[Row]) -> None:
        await self.connection.executemany(sql, rows)


async def _pending(connection: Connection) -> list[str]:
    return migrate.lacking(await _applied(connection), await _unfinished(connection))


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await connection.fetch(_APPLIED) if await connection.fetchval(_IS_THERE) else []
    return {str(name): str(sha256) for name, sha256 in rows}


async def _unfinished(connection: Connection) -> list[Row]:
    there = await connection.fetchval(_KEEPS_PLACES)
    return [tuple(row) for row in await connection.fetch(migrate.BACKFILL)] if there else []


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
            raise Unavailable(f"cannot use the database: {reason(error)}") from error


def _checked(connection: Connection) -> Connection:
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        connection.terminate()
        raise Unavailable(f"the database keeps text as {encoding}: make one with ENCODING 'UTF8'")
    return connection


def _told(failure: Exception | None) -> str:
    if isinstance(failure, TimeoutError):
        return "cannot reach the database: it did not answer in time"
    return f"cannot reach the database: {reason(failure)}"
