"""What many requests of one tick ask of PostgreSQL, as one statement: a point read costs a third then, a durable
change a fifth.

Only where one server has all rows: on Citus such a statement would touch many shards.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from sayso.storage.contact import SWAP_ON_TYPE
from sayso.storage.engine import Statement
from sayso.storage.ledger import ANNOUNCE, APPEND
from sayso.storage.postgres_errors import late

Item = TypeVar("Item")

#: A contact's row by its key: what `for_many` can ask for many contacts.
_ONE = re.compile(
    r"(SELECT .*)(\sFROM contacts WHERE workspace_id = \$1 AND contact_id = )\$2( AND state = 'live')?", re.DOTALL
)

#: How many requests share a statement at most.
LIMIT = 256

# A row that somebody else holds is left out, and no lock is waited for: one contact holds up none of the others.
# What fits is what is still as it was when it was decided on; whose row is held and not swapped is stale.
CHOOSE = """WITH asked AS (
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[],
$8::bytea[], $9::text[], $10::text[], $11::bigint[], $12::bytea[], $13::text[], $14::text[], $15::text[], $16::text[],
$17::bigint[], $18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[], $23::integer[], $24::text[],
$25::bytea[], $26::text[], $27::bigint[]) AS asked (workspace_id, contact_id, read_revision, revision, updated_at, act,
seq, hash, standing, type_id, type_revision, subject, event, channel, state, basis, occurred_at, recorded_at, method,
actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, kind, at)
), held AS (
SELECT contacts.workspace_id, contacts.contact_id, contacts.revision FROM asked JOIN contacts
ON contacts.workspace_id = asked.workspace_id AND contacts.contact_id = asked.contact_id
ORDER BY contacts.workspace_id, contacts.contact_id FOR UPDATE OF contacts SKIP LOCKED
), swapped AS (
UPDATE contacts SET revision = asked.revision, updated_at = asked.updated_at, last_act = asked.act,
head_seq = asked.seq, head_hash = asked.hash, standing = asked.standing
FROM held JOIN asked ON asked.workspace_id = held.workspace_id AND asked.contact_id = held.contact_id
AND asked.read_revision = held.revision
JOIN subscription_types ON subscription_types.workspace_id = asked.workspace_id
AND subscription_types.type_id = asked.type_id AND subscription_types.revision = asked.type_revision
WHERE contacts.workspace_id = held.workspace_id AND contacts.contact_id = held.contact_id
AND contacts.revision = held.revision
RETURNING asked.*
), appended AS (
INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash)
SELECT workspace_id, contact_id, seq, act, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash FROM swapped
), announced AS (
INSERT INTO events (act, workspace_id, contact_id, kind, seq, at)
SELECT act, workspace_id, contact_id, kind, seq, at FROM swapped
)
SELECT workspace_id, contact_id, FALSE FROM held
UNION ALL SELECT workspace_id, contact_id, TRUE FROM swapped"""


@cache
def for_many(sql: str) -> str | None:
    """A read of one contact's row as a read of many, each row ending with whose it is; None for any other read."""
    if not _ONE.fullmatch(sql):
        return None
    return _ONE.sub(r"\1, contact_id\2ANY($2::bytea[])\3", sql)


class Choice(NamedTuple):
    """A change of one contact's choice, as the columns of `CHOOSE` and as the statements it is made of."""

    columns: tuple[Any, ...]
    statements: Sequence[Statement]

    @property
    def contact(self) -> tuple[str, bytes]:
        return self.columns[0], self.columns[1]


def choice(statements: Sequence[Statement]) -> Choice | None:
    """None for every other kind of change."""
    if len(statements) != 3:
        return None
    (swap, swapped, _), (append, entry, _), (announce, event, _) = statements
    if swap is not SWAP_ON_TYPE or append is not APPEND or announce is not ANNOUNCE:
        return None
    *head, workspace_id, contact_id, read_revision, _, type_id, type_revision = swapped
    _, _, act, seq, hash_, _ = head
    if (entry[2], entry[3], entry[6], entry[19], event[4]) != (seq, act, type_id, hash_, seq):
        return None
    facts = (entry[4], entry[5], *entry[7:19])
    columns = (workspace_id, contact_id, read_revision, *head, type_id, type_revision, *facts, event[3], event[5])
    return Choice(columns, statements)


def columns(choices: Iterable[Choice]) -> list[tuple[Any, ...]]:
    """The parameters of `CHOOSE`."""
    return list(zip(*(one.columns for one in choices), strict=True))


class Work(NamedTuple, Generic[Item]):
    """One request's part, until when it is wanted, and where its answer goes."""

    item: Item
    deadline: float
    done: asyncio.Future[Any]

    def succeed(self, answer: Any) -> None:
        if not self.done.done():
            self.done.set_result(answer)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Gathering(Generic[Item]):
    """Gathers the work of one tick, and what comes while earlier work is under way.

    `run` does the work of one key and answers each part. At most `lanes` of them run at once.
    """

    def __init__(self, run: Callable[[Any, list[Work[Item]]], Awaitable[None]], lanes: int) -> None:
        self._run = run
        self._free = lanes
        self._waiting: dict[Hashable, list[Work[Item]]] = {}
        self._called = False
        self._lanes: set[asyncio.Task[None]] = set()

    def add(self, key: Hashable, item: Item, deadline: float) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [Work(item, deadline, done)]
        else:
            waiting.append(Work(item, deadline, done))
        if self._free and not self._called:
            self._called = True
            # After the requests that are ready by now.
            loop.call_soon(self._begin)
        return done

    def _begin(self) -> None:
        self._called = False
        if self._waiting and self._free:
            self._free -= 1
            lane = asyncio.get_running_loop().create_task(self._lane())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)

    async def _lane(self) -> None:
        try:
            while self._waiting:
                key, work = self._next()
                try:
                    if work:
                        await self._run(key, work)
                except BaseException as error:
                    for part in work:
                        part.fail(error)
                    raise
        finally:
            self._free += 1

    def _next(self) -> tuple[Hashable, list[Work[Item]]]:
        """The key that has waited longest, and what of its work has time left: who has none shares it with nobody."""
        now = asyncio.get_running_loop().time()
        key = next(iter(self._waiting))
        work = self._waiting.pop(key)
        if len(work) > LIMIT:
            self._waiting[key] = work[LIMIT:]
        for part in work[:LIMIT]:
            if part.deadline <= now:
                part.fail(late(sent=False))
        return key, [part for part in work[:LIMIT] if part.deadline > now]
