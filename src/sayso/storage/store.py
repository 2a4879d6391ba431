"""Opening a store: an engine, and the features' SQL on it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path

import apsw

from sayso.domain.errors import Unavailable
from sayso.service.ports_schema import SchemaDifferences
from sayso.storage import sqlite_schema
from sayso.storage.activity import SqlActivityStore
from sayso.storage.admin import SqlAdminStore
from sayso.storage.bulk import SqlBulkStore
from sayso.storage.claim import SqlClaimStore
from sayso.storage.company import SqlCompanyStore
from sayso.storage.company_search import SqlCompanySearchStore
from sayso.storage.contact import SqlContactStore
from sayso.storage.contact_count import SqlContactCountStore
from sayso.storage.data_attribute import SqlDataAttributeStore
from sayso.storage.data_event import SqlDataEventStore
from sayso.storage.digest import SqlDigestStore
from sayso.storage.engine import Engine
from sayso.storage.expected_schema import Read
from sayso.storage.files import open_private
from sayso.storage.idempotency import SqlIdempotencyStore
from sayso.storage.ledger import SqlLedgerStore
from sayso.storage.link_rows import SqlLinkRowStore
from sayso.storage.links import SqlLinkStore
from sayso.storage.migrate import migrate, pending
from sayso.storage.migrate import run_again as run_code_again
from sayso.storage.note import SqlNoteStore
from sayso.storage.reason import reason
from sayso.storage.scroll import SqlScrollStore
from sayso.storage.search import SqlSearchStore
from sayso.storage.settings_log import SqlSettingsLogStore
from sayso.storage.sqlite import BUSY_TIMEOUT, SqliteEngine, connect
from sayso.storage.subscription_type import SqlSubscriptionTypeStore
from sayso.storage.tag import SqlTagStore
from sayso.storage.token import SqlTokenStore
from sayso.storage.workspace import SqlWorkspaceStore


class SqlStore:
    """`ports.Store` on any engine. `alone`: where several processes may serve, what lets one in at a time. `compare`
    compares the engine's schema with what the migrations make."""

    def __init__(
        self,
        engine: Engine,
        alone: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        compare: Callable[[Read], Awaitable[SchemaDifferences]] = sqlite_schema.compare,
    ) -> None:
        self.engine = engine
        self.alone = alone
        self._compare = compare
        self.activity = SqlActivityStore(engine)
        self.admin = SqlAdminStore(engine)
        self.tag = SqlTagStore(engine)
        self.data_attribute = SqlDataAttributeStore(engine)
        self.bulk = SqlBulkStore(engine)
        self.claim = SqlClaimStore(engine)
        self.company = SqlCompanyStore(engine)
        self.company_search = SqlCompanySearchStore(engine)
        self.contact = SqlContactStore(engine)
        self.contact_count = SqlContactCountStore(engine)
        self.data_event = SqlDataEventStore(engine)
        self.digest = SqlDigestStore(engine)
        self.idempotency = SqlIdempotencyStore(engine)
        self.ledger = SqlLedgerStore(engine)
        self.links = SqlLinkStore(engine)
        self.link_rows = SqlLinkRowStore(engine)
        self.note = SqlNoteStore(engine)
        self.scroll = SqlScrollStore(engine)
        self.search = SqlSearchStore(engine)
        self.settings_log = SqlSettingsLogStore(engine)
        self.subscription_type = SqlSubscriptionTypeStore(engine)
        self.token = SqlTokenStore(engine)
        self.workspace = SqlWorkspaceStore(engine)

    def stop_slow_reads(self) -> None:
        self.engine.stop_slow_reads()

    def limit_waits(self, seconds: float) -> None:
        self.engine.limit_waits(seconds)

    async def compare_schema(self) -> SchemaDifferences:
        return await self._compare(self.engine.salvage)

    async def check(self) -> None:
        await self.engine.check()

    async def close(self) -> None:
        await self.engine.close()


def sqlite(path: Path, *, checkpoints: bool = False, timeout: float = 5.0) -> SqlStore:
    """A store on a database file that is up to date. `checkpoints`: in the server alone. `timeout`: how long reads of a
    request may take, in seconds. Raises Unavailable."""
    with _opening(path):
        return SqlStore(SqliteEngine(partial(connect, path), checkpoints=checkpoints, timeout=timeout))


async def postgres(url: str, *, timeout: float = 5.0) -> SqlStore:  # noqa: ASYNC109
    """A store on a PostgreSQL database that is up to date; connected to when first used. Raises Invalid."""
    # Imported here: with an embedded database nobody needs the driver.
    from sayso.storage.postgres import PostgresEngine  # noqa: PLC0415
    from sayso.storage.postgres_alone import alone  # noqa: PLC0415
    from sayso.storage.postgres_schema import compare  # noqa: PLC0415

    return SqlStore(await PostgresEngine.connect(url, timeout=timeout), partial(alone, url, timeout), compare)


def bring_up_to_date(path: Path, now: int) -> list[str]:
    """Make or migrate a database file, and say what was applied. Raises Unavailable."""
    # First, and apart: what is not ours is refused before anything of it is changed, its journal mode included.
    if not still_pending(path):
        return []
    with _opening(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # For the owner alone, wherever it lies; SQLite gives its log and index the mode of the file.
            os.close(open_private(os.path.realpath(path)))
        with closing(connect(path)) as connection:
            return migrate(connection, now)


def run_again(path: Path, name: str, now: int) -> None:
    """Run the code of a migration that was applied, from its beginning. Raises Unavailable."""
    with _opening(path), closing(connect(path)) as connection:
        run_code_again(connection, name, now)


def still_pending(path: Path) -> list[str]:
    """The migrations a database file needs; all of them when there is no file. Raises Unavailable."""
    with _opening(path), closing(apsw.Connection(":memory:" if not path.exists() else str(path))) as connection:
        connection.set_busy_timeout(BUSY_TIMEOUT)
        return pending(connection)


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise Unavailable(f"cannot use the database {path.name}: {reason(error, with_file=True)}") from error
