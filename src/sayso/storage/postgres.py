"""The PostgreSQL engine: held connections, and deadlines that are ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

import asyncpg

from sayso.domain.errors import OutcomeUnknown, Stale, Unavailable
from sayso.service.patience import answer_by
from sayso.service.reader import READER
from sayso.storage.engine import LONGEST, Row, Statement
from sayso.storage.ledger import ANNOUNCE
from sayso.storage.postgres_connections import Connection, Connections
from sayso.storage.postgres_errors import is_lost, translated
from sayso.storage.postgres_reads import CANCEL_WITHIN, SharedRead, fetch, fetch_scanning, fetch_within
from sayso.storage.postgres_together import Choice, Gathering, Work, choice, for_many, shared
from sayso.storage.postgres_url import Place, parsed
from sayso.storage.read_limit import BUDGET, READS_PER_TOKEN, OverBudget, ReadLimit

T = TypeVar("T")

#: How many shared statements may be under way at once. With more than one, each would be shared by fewer.
LANES = 1

#: So many choices share a statement where as many wait: in larger ones PostgreSQL takes as long for each.
LEAST_CHOICES = 24

#: How often one change is tried whose answer is lost each time.
_TRIES = 3

_IS_WRITTEN = """SELECT 1 FROM contacts WHERE last_act = $1 AND workspace_id = $2 AND contact_id = $3
UNION ALL SELECT 1 FROM events WHERE act = $1 AND workspace_id = $2 AND contact_id = $3"""

# Equal snapshots see the same transactions. The time tells servers apart, one that took over from one that failed.
_DATA_VERSION = "SELECT pg_current_snapshot()::text || ' ' || pg_postmaster_start_time()::text"

_IS_WRITABLE = "SELECT current_setting('transaction_read_only')"


class PostgresEngine:
    """On the database at `place`. Nothing is connected before it is needed."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._timeout = timeout
        self._connections = Connections(place, timeout)
        self._coalescing = place.coalescing
        self._reads = Gathering(self._read_many, LANES)
        self._choices = Gathering(self._choose, LANES, LEAST_CHOICES)
        self._alone: set[asyncio.Task[None]] = set()
        # What is left of the connections is always there for point reads and writes: of more than two, at least one.
        self._slow = ReadLimit(max(1, place.connections // 2), READS_PER_TOKEN)
        self._bounded = ReadLimit(max(1, place.connections // 4))
        self._slow_reads: set[SharedRead] = set()

    @classmethod
    async def connect(cls, url: str, *, timeout: float = 5.0) -> PostgresEngine:  # noqa: ASYNC109
        """An engine on a database that is up to date. Connects when first used. Raises Invalid on a wrong URL.

        `timeout`: how long any answer is waited for, in seconds.
        """
        return cls(parsed(url), timeout)

    async def read(self, sql: str, *params: Any) -> list[Row]:
        if self._is_together and (many := for_many(sql)) is not None:
            workspace_id, contact_id = params
            found: list[Row] = await self._reads.add((sql, many, workspace_id), contact_id, answer_by(self._timeout))
            return found
        return await self._asked(sql, params, self._timeout)

    read_to_change = read

    async def read_many(self, sql: str, *params: Any) -> list[Row]:
        return await self._share(self._bounded, partial(fetch, sql, params), answer_by(self._timeout))

    async def read_or_scan(self, sql: str, *params: Any) -> list[Row]:
        deadline = answer_by(self._timeout)
        try:
            return await self._share(self._bounded, partial(fetch_within, BUDGET, sql, params), deadline)
        except OverBudget:
            return await self._share(self._slow, partial(fetch_scanning, sql, params), deadline)

    async def scan(self, sql: str, *params: Any) -> list[Row]:
        return await self._share(self._slow, partial(fetch_scanning, sql, params), answer_by(self._timeout))

    async def data_version(self) -> str | None:
        # Asked first: it also finds out what kind of server this is.
        rows = await self._asked(_DATA_VERSION, (), self._timeout)
        return str(rows[0][0]) if self._connections.is_one_server else None

    def deadline(self) -> float:
        return answer_by(self._timeout)

    async def salvage(self, sql: str, *params: Any) -> list[Row | None]:
        # PostgreSQL keeps no text that cannot be decoded.
        deadline = answer_by(max(self._timeout, LONGEST))
        return [*await self._share(self._slow, partial(fetch_scanning, sql, params), deadline)]

    async def _share(
        self, limit: ReadLimit, ask: Callable[[Connection], Awaitable[list[Row]]], deadline: float
    ) -> list[Row]:
        """Read when the token's turn comes. Given up, the read keeps its place until the server has ended it."""
        token = READER.get()
        await limit.enter(token, deadline)
        read = asyncio.get_running_loop().create_task(self._read(ask, deadline + 2 * CANCEL_WITHIN))
        read.add_done_callback(lambda _: limit.leave(token))
        shared = SharedRead(read)
        if limit is self._slow:
            self._slow_reads.add(shared)
        try:
            return await shared.rows(deadline)
        finally:
            self._slow_reads.discard(shared)

    def stop_slow_reads(self) -> None:
        stopping = Unavailable("The server is stopping; try again")
        self._slow.refuse(stopping)
        for read in self._slow_reads:
            read.end(stopping)

    def limit_waits(self, seconds: float) -> None:
        self._connections.limit_waits(seconds)

    async def commit(self, statements: Sequence[Statement]) -> None:
        deadline = answer_by(self._timeout)
        if self._is_together and (chosen := choice(statements)) is not None:
            await self._choices.add(None, chosen, deadline)
        else:
            await _beside(self._commit(statements, deadline))

    async def check(self) -> None:
        rows = await self._asked(_IS_WRITABLE, (), self._timeout)
        if rows[0][0] == "on":
            raise Unavailable("The database takes no writes just now: it is a standby, or set to read only")

    async def close(self) -> None:
        await self._connections.close()

    @property
    def is_one_server(self) -> bool:
        """Whether one server has all rows, as far as is known: after the first read it is."""
        return self._connections.is_one_server is True

    @property
    def _is_together(self) -> bool:
        return self._coalescing and self.is_one_server

    async def _asked(self, sql: str, params: tuple[Any, ...], within: float) -> list[Row]:
        deadline = answer_by(within)
        return await _beside(self._read(lambda connection: connection.fetch(sql, *params), deadline))

    async def _read(self, ask: Callable[[Connection], Awaitable[list[Row]]], deadline: float) -> list[Row]:
        try:
            return await self._again(ask, deadline)
        except asyncpg.CharacterNotInRepertoireError:
            # A NUL in a text: no row that PostgreSQL keeps has one.
            return []

    async def _read_many(self, key: tuple[str, str, str], work: list[Work[bytes | None]]) -> None:
        sql, many, workspace_id = key
        deadline = min(part.deadline for part in work)
        try:
            if len(work) == 1:
                part = work[0]
                part.succeed(await self._read(lambda one: one.fetch(sql, workspace_id, part.item), deadline))
                return
            ids = list({part.item for part in work})
            rows = await self._read(lambda one: one.fetch(many, workspace_id, ids), deadline)
        except Exception as error:  # noqa: BLE001
            for part in work:
                part.fail(error)
            return
        found = {row[-1]: [row[:-1]] for row in rows}
        for part in work:
            part.succeed(found.get(part.item, []))

    async def _choose(self, key: None, work: list[Work[Choice]]) -> None:
        """Commit many choices in one statement. What could not share it, or got no clear answer, goes alone."""
        parts: dict[tuple[str, bytes], Work[Choice]] = {}
        for part in work:
            # A contact's second choice has to wait for the first.
            if parts.setdefault(part.item.contact, part) is not part:
                self._go_alone(part)
        sql, params = shared([part.item for part in parts.values()])
        deadline = min(part.deadline for part in parts.values())
        try:
            rows = await self._connections.run(lambda one: one.fetch(sql, *params), deadline, writes=True)
        except Exception as error:  # noqa: BLE001
            for part in parts.values():
                self._go_alone(part, error)
            return
        if not rows:
            for part in parts.values():
                part.succeed(None)
            return
        for workspace_id, contact_id, is_held, is_swapped in rows:
            part = parts[workspace_id, contact_id]
            if is_swapped:
                part.succeed(None)
            elif is_held:
                part.fail(Stale("somebody was faster"))
            else:
                self._go_alone(part)

    def _go_alone(self, part: Work[Choice], shared: Exception | None = None) -> None:
        """`shared`: what became of the statement that it shared."""
        unclear = shared if isinstance(shared, OutcomeUnknown) else None
        alone = asyncio.get_running_loop().create_task(self._answered(part, unclear))
        self._alone.add(alone)
        alone.add_done_callback(self._alone.discard)

    async def _answered(self, part: Work[Choice], unclear: OutcomeUnknown | None) -> None:
        statements = part.item.statements
        try:
            if unclear is None:
                await self._commit(statements, part.deadline)
            else:
                await self._settled(statements, part.deadline, unclear)
        except Exception as error:  # noqa: BLE001
            part.fail(error)
        else:
            part.succeed(None)

    async def _again(self, use: Callable[[Connection], Awaitable[T]], deadline: float) -> T:
        """Once more where the connection was lost before anything could be written."""
        try:
            return await self._connections.run(use, deadline)
        except OutcomeUnknown:
            raise
        except Unavailable as error:
            if error.__cause__ is None or not is_lost(error.__cause__):
                raise
            return await self._connections.run(use, deadline)

    async def _commit(self, statements: Sequence[Statement], deadline: float) -> None:
        try:
            await self._tried(statements, deadline)
        except OutcomeUnknown as unclear:
            await self._settled(statements, deadline, unclear)

    async def _tried(self, statements: Sequence[Statement], deadline: float) -> None:
        if len(statements) == 1:
            single = partial(_single, statement=statements[0])
            await self._connections.run(single, deadline, writes=True)
        else:
            await self._again(partial(_transaction, statements=statements), deadline)

    async def _settled(self, statements: Sequence[Statement], deadline: float, unclear: OutcomeUnknown) -> None:
        """Find out whether an act was written. Where it is not to be seen it may still be on its way: the same again
        does no harm, since its swap lets only one of them through."""
        act = _act(statements)
        for _ in range(_TRIES if act else 0):
            try:
                if await self._is_written(act, deadline):
                    return
                await self._tried(statements, deadline)
            except OutcomeUnknown:
                continue
            except Unavailable:
                break
            except Stale:
                await self._check_rival(act, deadline, unclear)
            return
        raise unclear

    async def _check_rival(self, act: Sequence[Any], deadline: float, unclear: OutcomeUnknown) -> None:
        """Who was faster may have been the first try of the same act. Raises Stale where it was somebody else."""
        try:
            if await self._is_written(act, deadline):
                return
        except Unavailable:
            raise unclear from None
        raise Stale("somebody was faster")

    async def _is_written(self, act: Sequence[Any], deadline: float) -> bool:
        return bool(await self._read(lambda connection: connection.fetch(_IS_WRITTEN, *act), deadline))


async def _single(connection: Connection, statement: Statement) -> None:
    if _hit_nothing(await connection.execute(statement.sql, *statement.params)) and statement.guarded:
        raise Stale("somebody was faster")


async def _several(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], *, guarded: bool) -> None:
    """The same statement for each row, in one round trip: a contact may be in a thousand companies."""
    if len(rows) == 1:
        await _single(connection, Statement(sql, rows[0], guarded))
    elif not guarded:
        await connection.executemany(sql, rows)
    elif len(await connection.fetchmany(f"{sql} RETURNING 1", rows)) < len(rows):
        raise Stale("somebody was faster")


async def _transaction(connection: Connection, statements: Sequence[Statement]) -> None:
    """One statement after the other, and COMMIT: only what happens to that can leave an outcome unknown."""
    await connection.execute("BEGIN")
    try:
        for (sql, guarded), same in groupby(statements, attrgetter("sql", "guarded")):
            await _several(connection, sql, [statement.params for statement in same], guarded=guarded)
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


def _act(statements: Sequence[Statement]) -> Sequence[Any]:
    """What tells a contact's change from all others: its act, workspace and contact; nothing for other changes."""
    return next((statement.params[:3] for statement in statements if statement.sql is ANNOUNCE), ())


def _hit_nothing(status: str) -> bool:
    return status.endswith(" 0")


async def _beside(work: Coroutine[Any, Any, T]) -> T:
    """In a task of its own: a caller that goes away takes back nothing that is under way."""
    return await asyncio.shield(asyncio.ensure_future(work))
