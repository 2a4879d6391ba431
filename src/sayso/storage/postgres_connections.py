"""Held connections, and deadlines that are ours.

No answer is waited for longer than a deadline: then the socket is closed, and a server that is frozen or behind a
network that swallows packets holds up nobody any more. A lost connection is made anew by whoever needs one next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, TypeVar

import asyncpg
from asyncpg import Connection

from sayso.domain.errors import OutcomeUnknown, SaysoError, Unavailable
from sayso.storage.engine import LONGEST
from sayso.storage.postgres_errors import drops_all, late, translated
from sayso.storage.postgres_reads import settle
from sayso.storage.postgres_url import Place

Answer = TypeVar("Answer")

#: After a deadline has passed, how long others wait for a new connection to show that the server lives, and how often
#: one is tried, in seconds.
REVIVAL_WAIT = 0.2
KNOCK = 0.1

#: A connection that was idle for longer is not trusted: what lies between may have forgotten it. In seconds.
IDLE_LIMIT = 300.0

#: How long after the last moment connections in use may take to be given back, in seconds.
CLOSING_LIMIT = 1.0

#: As we need a session to be; a pooler in transaction mode keeps no settings.
_SETTINGS = {"application_name": "sayso", "jit": "off", "default_transaction_isolation": "read committed"}

#: For statements that find rows by key. A plan is made once, and serves all values alike. It goes along an index: other
#: scans are best only while a table is small, and the plan stays in use when it has grown.
_PLANNED_BY_KEY = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off"}

# What was acknowledged must survive: a role or database that is told otherwise is overruled for our sessions. What is
# given up here ends there too, which a server on Windows cannot tell.
_OURS = """SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'
UNION ALL SELECT set_config('client_connection_check_interval', '1s', false)
WHERE version() !~ 'Visual C|mingw'"""

_IS_SPREAD = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')"


class Connections:
    """At most `place.connections` of them, opened when first needed."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._place = place
        self._hosts = list(place.hosts)
        self._timeout = timeout
        self._idle: list[tuple[Connection, float]] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open: set[Connection] = set()
        self._opening = 0
        self._old: set[Connection] = set()
        self._doubted: float | None = None
        self._knocks: set[asyncio.Task[None]] = set()
        self._knocked = 0.0
        self._closed = False
        # The watches over connections in use, and the last moment that any of them may end at.
        self._watches: set[_Watch] = set()
        self._last = inf
        #: Whether one server has all rows; None before the first connection.
        self.is_one_server: bool | None = None

    async def run(
        self, use: Callable[[Connection], Awaitable[Answer]], deadline: float, *, writes: bool = False
    ) -> Answer:
        """Do something on a connection until `deadline`, by the loop's time. Raises what callers are told.

        `writes`: once `use` has begun, an answer that fails to come leaves it unknown whether it wrote; a `use` that
        knows better raises for itself.
        """
        connection = await self._borrowed(deadline)
        watch = _Watch(connection, min(deadline, self._last))
        self._watches.add(watch)
        try:
            return await use(connection)
        except asyncio.CancelledError:
            await settle(connection)
            raise
        except Exception as error:
            failure = error.__cause__ if isinstance(error, SaysoError) else error
            if watch.has_ended:
                self._suspect()
            elif failure is not None and drops_all(failure):
                self.drop()
            told = error if failure is not error else translated(error, sent=writes)
            if watch.has_ended and not isinstance(told, OutcomeUnknown):
                raise late(sent=writes) from None
            if told is error:
                raise
            raise told from error
        finally:
            watch.timer.cancel()
            self._watches.discard(watch)
            self._give_back(connection)

    def limit_waits(self, seconds: float) -> None:
        """The server is stopping: from now on nothing is waited for beyond this, and nothing begins after it."""
        self._last = asyncio.get_running_loop().time() + seconds
        for watch in self._watches:
            watch.end_by(self._last)

    def drop(self) -> None:
        """Let go of every connection; those in use are closed when they are given back."""
        for connection, _ in self._idle:
            self._end(connection)
        self._idle.clear()
        self._old |= self._open

    async def close(self) -> None:
        """Let what is under way come to its end, then leave."""
        self._closed = True
        knocks = list(self._knocks)
        self._trust()
        until = min(asyncio.get_running_loop().time() + self._timeout, self._last + CLOSING_LIMIT)
        while len(self._open) > len(self._idle) and asyncio.get_running_loop().time() < until:
            await self._turn(until)
        leaving = [connection for connection, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*knocks, return_exceptions=True)
        await asyncio.gather(*(_leave(connection) for connection in leaving))
        for connection in self._open.difference(leaving):
            connection.terminate()
        self._open.clear()

    async def _borrowed(self, deadline: float) -> Connection:
        loop = asyncio.get_running_loop()
        came = loop.time()
        while not self._closed:
            until = deadline = min(deadline, self._last)
            if loop.time() >= deadline:
                # To end a connection for it would be to blame the server for a wait that was ours.
                self._wake()
                raise late(sent=False)
            if self._doubted is not None:
                self._knock()
                until = min(deadline, max(came, self._doubted) + REVIVAL_WAIT)
            elif (connection := self._held()) is not None:
                return connection
            elif len(self._open) + self._opening < self._place.connections:
                return await self._opened(deadline)
            if loop.time() >= until:
                raise late(sent=False)
            await self._turn(until if self._doubted is None else min(until, self._knocked + KNOCK))
        raise Unavailable("The database is closed; nothing was written")

    def _held(self) -> Connection | None:
        """The one used last, so that what a quiet server does not need grows old."""
        trusted = asyncio.get_running_loop().time() - IDLE_LIMIT
        while self._idle:
            connection, since = self._idle.pop()
            if since >= trusted and not connection.is_closed():
                return connection
            self._end(connection)
        return None

    async def _turn(self, until: float) -> None:
        """Wait until a connection may be free, or the time is over."""
        loop = asyncio.get_running_loop()
        ours: asyncio.Future[None] = loop.create_future()
        self._waiting.append(ours)
        timer = loop.call_at(until, _resolve, ours)
        try:
            await ours
        except asyncio.CancelledError:
            if ours.done() and not ours.cancelled():
                # Woken and cancelled in the same moment.
                self._wake()
            raise
        finally:
            timer.cancel()

    def _wake(self, number: int = 1) -> None:
        while self._waiting and number:
            waiting = self._waiting.popleft()
            number -= not waiting.done()
            _resolve(waiting)

    def _give_back(self, connection: Connection) -> None:
        # One that a statement left in a transaction has not told the end of it: nobody else may meet that.
        if self._closed or connection in self._old or connection.is_closed() or connection.is_in_transaction():
            self._end(connection)
        else:
            self._idle.append((connection, asyncio.get_running_loop().time()))
        self._wake()

    def _end(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._old.discard(connection)
        connection.terminate()

    async def _opened(self, deadline: float) -> Connection:
        self._opening += 1
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._dialled(deadline - asyncio.get_running_loop().time())
        except TimeoutError:
            self._suspect()
            raise late(sent=False) from None
        except asyncio.CancelledError:
            self._wake()
            raise
        except Exception as error:
            self._wake()
            raise translated(error, sent=False) from error
        finally:
            self._opening -= 1
        self._open.add(connection)
        return connection

    async def _greeted(self, host: str) -> Connection:
        connection = await dialled(host, self._place, self._timeout, _PLANNED_BY_KEY)
        try:
            if self.is_one_server is None:
                self.is_one_server = not await connection.fetchval(_IS_SPREAD)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _dialled(self, within: float) -> Connection:
        """A connection to the first host that will do; each gets its share of the time."""
        failure: Exception | None = None
        for left, host in zip(range(len(self._hosts), 0, -1), list(self._hosts), strict=True):
            began = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(within / left):
                    connection = await self._greeted(host)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                # One that hangs weighs more than one that refuses.
                failure = failure if isinstance(failure, TimeoutError) else error
                within -= asyncio.get_running_loop().time() - began
                # The next attempt begins with another one.
                self._hosts.remove(host)
                self._hosts.append(host)
            else:
                return connection
        raise failure or OSError("no host")

    def _suspect(self) -> None:
        """A deadline has passed: until a new connection shows that the server lives, nobody else waits as long."""
        self.drop()
        if self._doubted is None and not self._closed:
            self._doubted = asyncio.get_running_loop().time()
            self._knock()

    def _trust(self) -> None:
        self._doubted = None
        for knock in self._knocks:
            knock.cancel()
        self._wake(len(self._waiting))

    def _knock(self) -> None:
        """Try to reach the server anew, whatever became of earlier tries: what was swallowed never arrives."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._knocked + KNOCK:
            self._knocked = loop.time()
            knock = loop.create_task(self._reach())
            self._knocks.add(knock)
            knock.add_done_callback(self._knocks.discard)

    async def _reach(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._dialled(self._timeout)
        except TimeoutError:
            return
        except Exception:  # noqa: BLE001
            # It answers, if only to refuse: then nobody waits long.
            self._knocks.discard(asyncio.current_task())
        else:
            self._knocks.discard(asyncio.current_task())
            self._open.add(connection)
            self._give_back(connection)
        self._trust()


class _Watch:
    """Closes a connection when a deadline passes; whoever waits on it is told by an error."""

    __slots__ = ("_connection", "_deadline", "has_ended", "timer")

    def __init__(self, connection: Connection, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self.has_ended = False
        self.timer = asyncio.get_running_loop().call_at(deadline, self._end)

    def end_by(self, moment: float) -> None:
        if moment < self._deadline:
            self._deadline = moment
            self.timer.cancel()
            self.timer = asyncio.get_running_loop().call_at(moment, self._end)

    def _end(self) -> None:
        self.has_ended = True
        self._connection.terminate()


async def dialled(
    host: str,
    place: Place,
    timeout: float,  # noqa: ASYNC109
    planning: Mapping[str, str] = MappingProxyType({}),
) -> Connection:
    """One new connection to one host. `timeout`: how long it will be waited on, so that the server gives up too.
    `planning`: settings of PostgreSQL's planner."""
    if place.pgbouncer:
        return await asyncpg.connect(host, statement_cache_size=0)
    limits = {
        "lock_timeout": timeout,
        "idle_in_transaction_session_timeout": 2 * timeout,
        "statement_timeout": max(timeout, LONGEST),
    }
    in_ms = {name: str(int(limit * 1000)) for name, limit in limits.items()}
    connection = await asyncpg.connect(host, server_settings={**_SETTINGS, **in_ms, **planning})
    try:
        await connection.fetch(_OURS)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _resolve(waiting: asyncio.Future[Any]) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _leave(connection: Connection) -> None:
    """Say goodbye, but not for long."""
    try:
        async with asyncio.timeout(1):
            await connection.close()
    except Exception:  # noqa: BLE001
        connection.terminate()


__all__ = ["Connection", "Connections", "dialled"]
