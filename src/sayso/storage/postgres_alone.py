"""One process at a time, of all that use a PostgreSQL database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sayso.storage.postgres_migrate import Session

#: How long another process is waited for, in ms.
_WAIT = 60_000

# For one transaction each: a pooler in transaction mode keeps nothing for longer.
_LIMITS = f"""SELECT set_config('lock_timeout', '{_WAIT}', true),
set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"""
_LOCK = "SELECT pg_advisory_xact_lock(7316294372)"


@asynccontextmanager
async def alone(url: str, timeout: float) -> AsyncIterator[None]:  # noqa: ASYNC109
    """Held on a connection of its own; what is done meanwhile runs on others. Raises Unavailable."""
    async with Session(url, timeout) as connection, connection.transaction():
        await connection.fetch(_LIMITS)
        await connection.fetch(_LOCK)
        yield
