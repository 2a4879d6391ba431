"""The PostgreSQL engine: held connections, and deadlines that are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

from sayso.domain.errors import Stale, Unavailable
from sayso.storage.engine import Row, Statement
from sayso.storage.postgres_connections import Connection, Connections
from sayso.storage.postgres_errors import translated
from sayso.storage.postgres_url import Place, parsed

T = TypeVar("T")

#: What a command that reads everything may take for one portion of it, in seconds.
LONG = 60.0

_IS_WRITABLE = "SELECT current_setting('transaction_read_only')"


class PostgresEngine:
    """On the database at `place`. Nothing is connected before it is needed."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._timeout = timeout
        self._connections = Connections(place, timeout)

    @classmethod
    async def connect(cls, url: str, *, timeout: float = 5.0) -> PostgresEngine:  # noqa: ASYNC109
        """An engine on a database that is up to date. Connects when first used. Raises Invalid on a wrong URL.

        `timeout`: how long any answer is waited for, in seconds.
        """
        return cls(parsed(url), timeout)

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return await self._asked(sql, params, self._timeout)

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        return await self._asked(sql, params, self._timeout)

    async def salvage(self, sql: str, *params: Any) -> list[Row | None]:
        # PostgreSQL keeps no text that cannot be decoded.
        return [*await self._asked(sql, params, max(self._timeout, LONG))]

    async def commit(self, statements: Sequence[Statement]) -> None:
        deadline = self._deadline(self._timeout)
        await _beside(self._commit(statements, deadline))

    async def check(self) -> None:
        rows = await self._asked(_IS_WRITABLE, (), self._timeout)
        if rows[0][0] == "on":
            raise Unavailable("The database takes no writes just now: it is a standby, or set to read only")

    async def close(self) -> None:
        await self._connections.close()

    def _deadline(self, within: float) -> float:
        return asyncio.get_running_loop().time() + within

    async def _asked(self, sql: str, params: tuple[Any, ...], within: float) -> list[Row]:
        deadline = self._deadline(within)
        return await _beside(self._read(lambda connection: connection.fetch(sql, *params), deadline))

    async def _read(self, ask: Callable[[Connection], Awaitable[list[Row]]], deadline: float) -> list[Row]:
        """Asked once more when the connection was lost meanwhile: reading twice does no harm."""
        try:
            return await self._connections.run(ask, deadline)
        except asyncpg.CharacterNotInRepertoireError:
            # A NUL in a text: no row that PostgreSQL keeps has one.
            return []
        except Unavailable as first:
            if not first.__cause__ or asyncio.get_running_loop().time() >= deadline:
                raise
            return await self._connections.run(ask, deadline)

    async def _commit(self, statements: Sequence[Statement], deadline: float) -> None:
        if len(statements) == 1:
            await self._connections.run(lambda connection: _single(connection, statements[0]), deadline, writes=True)
        else:
            await self._connections.run(lambda connection: _transaction(connection, statements), deadline)


async def _single(connection: Connection, statement: Statement) -> None:
    sql, params, guarded = statement
    if _hit_nothing(await connection.execute(sql, *params)) and guarded:
        raise Stale("somebody was faster")


async def _transaction(connection: Connection, statements: Sequence[Statement]) -> None:
    """One statement after the other, and COMMIT: only what happens to that can leave an outcome unknown."""
    await connection.execute("BEGIN")
    try:
        for statement in statements:
            await _single(connection, statement)
    except Exception:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    try:
        status = await connection.execute("COMMIT")
    except Exception as error:
        raise translated(error, sent=True) from error
    if status != "COMMIT":
        raise Unavailable("The database took the change back; nothing was written")


def _hit_nothing(status: str) -> bool:
    return status.endswith(" 0")


async def _beside(work: Coroutine[Any, Any, T]) -> T:
    """In a task of its own: a caller that goes away takes back nothing that is under way."""
    return await asyncio.shield(asyncio.ensure_future(work))
