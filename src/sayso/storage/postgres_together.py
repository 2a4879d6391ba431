"""What many requests of one tick ask of PostgreSQL, as one statement: a point read costs a third then, a durable
change a fifth.

Only where one server has all rows: on Citus such a statement would touch many shards.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Generic, TypeVar

from msgspec import Struct, json, structs

from sayso.storage.contact import SWAP_ON_TYPE
from sayso.storage.engine import Statement
from sayso.storage.ledger import ANNOUNCE, APPEND
from sayso.storage.postgres_errors import late

Item = TypeVar("Item")

#: A contact's row by its key: what `for_many` can ask for many contacts.
_ONE = re.compile(
    r"SELECT .*\sFROM contacts WHERE workspace_id = \$1 AND contact_id = \$2(?: AND state = 'live')?", re.DOTALL
)

#: How many requests share a statement at most.
LIMIT = 256

# A row that somebody else holds is left out, and no lock is waited for: one contact holds up none of the others.
# What fits is what is still as it was when it was decided on; whose row is held and not swapped is stale. The row is
# swapped in the place where it is held. Where all were swapped, no row tells it; otherwise one for each asked.
#
# Whatever PostgreSQL believes of the tables, it can look for rows by their keys alone: what is LATERAL is run for each
# row asked, a scalar subquery is never made a join, and no index leads to a place.
CHOOSE = """WITH told AS (
SELECT * FROM json_to_recordset($1::json) AS told (workspace_id text COLLATE "C", contact_id text,
read_revision bigint, revision bigint, updated_at bigint, act text, seq bigint, hash text, standing text,
type_id text COLLATE "C", type_revision bigint,
subject text, event text, channel text, state text, basis text, occurred_at bigint, recorded_at bigint, method text,
actor_kind text, actor_ref text, request_id text, notice_version integer, notice_locale text, notice_sha256 text,
kind text, at bigint, binding text)
), asked AS (
SELECT workspace_id, decode(contact_id, 'base64') AS contact_id, read_revision, revision, updated_at,
decode(act, 'base64') AS act, seq, decode(hash, 'base64') AS hash, standing, type_id, type_revision,
decode(subject, 'base64') AS subject, event, channel, state, basis, occurred_at, recorded_at, method, actor_kind,
actor_ref, request_id, notice_version, notice_locale, decode(notice_sha256, 'base64') AS notice_sha256, kind, at,
decode(binding, 'base64') AS binding FROM told
), held AS (
SELECT asked.*, place FROM asked LEFT JOIN LATERAL (
SELECT contacts.ctid AS place FROM contacts WHERE contacts.workspace_id = asked.workspace_id
AND contacts.contact_id = asked.contact_id FOR UPDATE SKIP LOCKED
) AS found ON true
), swapped AS (
UPDATE contacts SET revision = held.revision, updated_at = held.updated_at, last_act = held.act,
head_seq = held.seq, head_hash = held.hash, standing = held.standing
FROM held WHERE contacts.ctid = held.place AND contacts.revision = held.read_revision
AND held.type_revision = (SELECT subscription_types.revision FROM subscription_types
WHERE subscription_types.workspace_id = held.workspace_id AND subscription_types.type_id = held.type_id)
RETURNING held.*
), appended AS (
INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash, binding)
SELECT workspace_id, contact_id, seq, act, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash, binding
FROM swapped
), announced AS (
INSERT INTO events (act, workspace_id, contact_id, kind, seq, at)
SELECT act, workspace_id, contact_id, kind, seq, at FROM swapped
)
SELECT workspace_id, contact_id, held.place IS NOT NULL, swapped.contact_id IS NOT NULL
FROM held LEFT JOIN swapped USING (workspace_id, contact_id)
WHERE (SELECT count(*) FROM swapped) < (SELECT count(*) FROM held)"""

#: The same for one choice; the parameters are the fields of `Asked`. As JSON it costs PostgreSQL a quarter more.
CHOOSE_ONE = """WITH held AS (
SELECT ctid AS place FROM contacts WHERE workspace_id = $7 AND contact_id = $8 FOR UPDATE SKIP LOCKED
), swapped AS (
UPDATE contacts SET revision = $1, updated_at = $2, last_act = $3, head_seq = $4, head_hash = $5, standing = $6
FROM held WHERE contacts.ctid = held.place AND contacts.revision = $9
AND $11 = (SELECT revision FROM subscription_types WHERE workspace_id = $7 AND type_id = $10)
RETURNING 1
), appended AS (
INSERT INTO ledger (workspace_id, contact_id, seq, id, subject, event, type_id, channel, state, basis, occurred_at,
recorded_at, method, actor_kind, actor_ref, request_id, notice_version, notice_locale, notice_sha256, hash, binding)
SELECT $7, $8, $4, $3, $12, $13, $10, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $5, $28 FROM swapped
), announced AS (
INSERT INTO events (act, workspace_id, contact_id, kind, seq, at) SELECT $3, $7, $8, $26, $4, $27 FROM swapped
)
SELECT $7, $8, EXISTS (SELECT 1 FROM held), false WHERE NOT EXISTS (SELECT 1 FROM swapped)"""


@cache
def for_many(sql: str) -> str | None:
    """A read of one contact's row as a read of many, each row ending with whose it is; None for any other read."""
    if not _ONE.fullmatch(sql):
        return None
    # OFFSET 0 keeps the read of one row as it is: with `contact_id = ANY($2)`, or as a join, PostgreSQL may go through
    # a workspace that it takes for small.
    one = sql.replace("contact_id = $2", "contact_id = wanted")
    return f"SELECT found.*, wanted FROM unnest($2::bytea[]) AS wanted CROSS JOIN LATERAL ({one} OFFSET 0) AS found"


class Asked(Struct, omit_defaults=True):
    """One row of what `CHOOSE` is given: as JSON, which the driver passes on at a third of what arrays cost it.

    The order of the fields is that of the parameters of `CHOOSE_ONE`.
    """

    revision: int
    updated_at: int
    act: bytes
    seq: int
    hash: bytes
    standing: str
    workspace_id: str
    contact_id: bytes
    read_revision: int
    type_id: str
    type_revision: int
    subject: bytes
    event: str
    channel: str | None
    state: str
    basis: str
    occurred_at: int
    recorded_at: int
    method: str
    actor_kind: str
    actor_ref: str
    request_id: str
    notice_version: int | None
    notice_locale: str | None
    notice_sha256: bytes | None
    kind: str
    at: int
    # Left out of all entries but the first of a chain.
    binding: bytes | None = None


class Choice(Struct):
    """A change of one contact's choice, as a row of `CHOOSE` and as the statements it is made of."""

    asked: Asked
    statements: Sequence[Statement]

    @property
    def contact(self) -> tuple[str, bytes]:
        return self.asked.workspace_id, self.asked.contact_id


#: What an entry and its contact's row both have: seq, act, type and hash.
_APPENDED, _SWAPPED = itemgetter(2, 3, 6, 19), itemgetter(3, 2, 10, 4)


def choice(statements: Sequence[Statement]) -> Choice | None:
    """None for every other kind of change."""
    if len(statements) != 3:
        return None
    swap, append, announce = statements
    if swap.sql is not SWAP_ON_TYPE or append.sql is not APPEND or announce.sql is not ANNOUNCE:
        return None
    swapped, entry, event = swap.params, append.params, announce.params
    if _APPENDED(entry) != _SWAPPED(swapped) or event[4] != entry[2]:
        return None
    row: tuple[Any, ...] = (*swapped[:9], *swapped[10:], *entry[4:6], *entry[7:19], event[3], event[5], entry[20])
    return Choice(Asked(*row), statements)


def shared(choices: Sequence[Choice]) -> tuple[str, tuple[Any, ...]]:
    """One statement for all of them, and its parameters."""
    if len(choices) == 1:
        return CHOOSE_ONE, structs.astuple(choices[0].asked)
    return CHOOSE, (json.encode([one.asked for one in choices]).decode(),)


class Work(Struct, Generic[Item], eq=False):
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

    `run` does the work of one key and answers each part. At most `lanes` of them run at once. Each takes half of what
    waits, though `least` if there is as much: or all requests would wait for the database together, and it for them.
    """

    def __init__(self, run: Callable[[Any, list[Work[Item]]], Awaitable[None]], lanes: int, least: int = LIMIT) -> None:
        self._run = run
        self._free = lanes
        self._least = least
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
        waiting = self._waiting.pop(key)
        number = min(LIMIT, max(self._least, len(waiting) // 2))
        work, later = waiting[:number], waiting[number:]
        if later:
            self._waiting[key] = later
        for part in work:
            if part.deadline <= now:
                part.fail(late(sent=False))
        return key, [part for part in work if part.deadline > now]
