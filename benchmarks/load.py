"""Contacts with their choices, decided by our own domain code and written in bulk: what is here, `sayso verify` accepts.

Made once and kept under benchmarks/data/ for the next run.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from sayso.domain import consent, subscription_type
from sayso.domain import contact as contacts
from sayso.domain.act import Act, Author
from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain, origin
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import (
    Channel,
    ConsentType,
    SubscriptionType,
    Translation,
    TypeDraft,
    TypeId,
    TypeState,
)
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region
from sayso.storage import store
from sayso.storage.contact import SqlContactStore
from sayso.storage.engine import Row, Statement
from sayso.storage.migrate import TABLES, files
from sayso.storage.sqlite import connect
from sayso.storage.sqlite_dialect import dialect

DATA = Path(__file__).with_name("data")

#: To be raised when what is loaded changes.
VERSION = b"1"

#: How many live types there are, odd ones opt_in and even ones opt_out, and how many of them each contact has chosen.
TYPES = 10
CHOSEN = 3

#: Contacts written in one transaction.
_BATCH = 5_000

#: The choices of a contact are this far apart, in ms.
_BETWEEN = 3_600_000

_CHOICE = {ConsentType.OPT_IN: Choice.GRANTED, ConsentType.OPT_OUT: Choice.WITHDRAWN}
_AUTHOR = Author("api_key", "loader", "api", "0" * 20)


def prepared(count: int) -> tuple[Path, Path]:
    """A database with `count` contacts, and the file with their ids, in order."""
    digest = _digest()
    database, ids = DATA / f"sayso-{count}-{digest}.db", DATA / f"ids-{count}-{digest}.txt"
    if not ids.exists():
        DATA.mkdir(exist_ok=True)
        print(f"loading {count:,} contacts, once", flush=True)
        for old in [*DATA.glob(f"sayso-{count}-*"), *DATA.glob(f"ids-{count}-*")]:
            old.unlink()
        made = asyncio.run(fill(database, count))
        ids.write_text("".join(f"{contact_id}\n" for contact_id in made))
    return database, ids


def _digest() -> str:
    """Names what is loaded: another schema, other entries or another loader make other files."""
    type_ = TypeDraft(ConsentType.OPT_IN, None, TypeState.LIVE, Translation("Name", "Description", "en"))
    live = subscription_type.create("workspace", TypeId("1"), type_, 0).after
    head = Head("workspace", "contact", ContactState.LIVE, 1, 0, Chain(origin("workspace"), "00" * 16), Standing())
    change = consent.decide(head, live, Wish(Choice.GRANTED), Act("00" * 16, 0, _AUTHOR))
    assert change is not None
    parts = [VERSION, TABLES.encode(), change.after.chain.hash or b"", change.after.standing.packed().encode()]
    return hashlib.sha256(b"".join([*parts, *(sql.encode() for _, sql in files())])).hexdigest()[:8]


class _Bulk:
    """An engine that gathers what is committed, and writes it with one `executemany` per statement."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, synchronous="OFF")
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return self._connection.execute(dialect(sql), params).fetchall()

    read_many = read_or_scan = scan = read

    async def commit(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            self._waiting.setdefault(statement.sql, []).append(statement.params)

    async def check(self) -> None:
        return

    def write(self) -> None:
        with self._connection:
            for sql, rows in self._waiting.items():
                before = self._connection.total_changes()
                self._connection.executemany(dialect(sql), rows)
                hit = self._connection.total_changes() - before
                assert hit == len(rows), f"{len(rows) - hit} rows were not written: {sql}"
        self._waiting.clear()
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    async def close(self) -> None:
        self._connection.close()


async def fill(path: Path, count: int) -> list[str]:
    """Make a database with `count` contacts; their ids."""
    store.bring_up_to_date(path, now())
    workspace_id, types = await _workspace(path)
    bulk: Any = _Bulk(path)
    kept, ids = SqlContactStore(bulk), RandomIds()
    made = []
    at = now() - count - CHOSEN * _BETWEEN
    for number in range(count):
        made.append(await _contact(kept, ids, workspace_id, types, number, at + number))
        if number % _BATCH == _BATCH - 1:
            bulk.write()
    bulk.write()
    await bulk.close()
    return made


async def _workspace(path: Path) -> tuple[str, list[SubscriptionType]]:
    opened = store.sqlite(path, checkpoints=True)
    region = Region.on("us", opened, now, RandomIds())
    workspace = await region.workspaces.create("Benchmark")
    types = [await region.types.create(workspace.id, _draft(number)) for number in range(TYPES)]
    await opened.close()
    assert [type_.id for type_ in types] == [str(number + 1) for number in range(TYPES)]
    return workspace.id, types


def _draft(number: int) -> TypeDraft:
    return TypeDraft(
        consent_type=ConsentType.OPT_OUT if number % 2 else ConsentType.OPT_IN,
        channels=(Channel.SMS if number % 4 == 3 else Channel.EMAIL,),
        state=TypeState.LIVE,
        default_translation=Translation(f"Newsletter {number + 1}", "Twice a month, what is new", "en"),
        translations=(Translation(f"Rundbrief {number + 1}", "Zweimal im Monat, was es Neues gibt", "de"),),
    )


async def _contact(
    kept: SqlContactStore, ids: RandomIds, workspace_id: str, types: list[SubscriptionType], number: int, at: int
) -> str:
    contact_id = ids.contact(at)
    chain = Chain(origin(workspace_id), ids.subject(), contact_id=contact_id, binding_key=ids.binding_key())
    head = Head(workspace_id, contact_id, ContactState.LIVE, 0, at, chain, Standing())
    profile = Profile(Role.USER, f"user-{number}", f"person.{number}@example.com", name=f"Person {number}")
    change = contacts.create(head, ContactDraft(profile), {}, _act(ids, at))
    await kept.commit(change)
    for place in range(CHOSEN):
        type_ = types[(number + place) % TYPES]
        act = _act(ids, at + (place + 1) * _BETWEEN)
        decided = consent.decide(change.after, type_, Wish(_CHOICE[type_.consent_type]), act)
        assert decided is not None
        change = decided
        await kept.commit(change)
    return head.id


def _act(ids: RandomIds, at: int) -> Act:
    author = Author(_AUTHOR.kind, _AUTHOR.ref, _AUTHOR.method, ids.request())
    return Act(ids.act(at), at, author)
