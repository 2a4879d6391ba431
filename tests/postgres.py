"""A PostgreSQL cluster of the tests' own."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

import asyncpg
from benchmarks import cluster as clusters
from benchmarks.cluster import binaries, free_port, reserved_port
from tests.cast import NOON
from tests.machine import DEADLINE, DEMANDED, lacks

from sayso.storage import postgres_migrate
from sayso.storage import store as stores
from sayso.storage.engine import Statement
from sayso.storage.migrate import files
from sayso.storage.store import SqlStore

T = TypeVar("T")

#: What the terminal summary says when it happened.
NONE_FOUND = f"PostgreSQL was not tested: {clusters.NONE_FOUND}"

#: Tests that need it are collected.
WANTED = bool(binaries()) or DEMANDED

#: The ICU locale of the clusters' databases; without one it is C.UTF-8, which every machine has.
ICU_LOCALE = os.environ.get("SAYSO_TEST_POSTGRES_ICU", "")

#: The locales a database can have, and what CREATE DATABASE says for each. With a dotless i, tr-TR is the hardest.
LOCALES = {
    "C": "LOCALE_PROVIDER libc LOCALE 'C'",
    "C.UTF-8": "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
    **{name: f"LOCALE_PROVIDER icu ICU_LOCALE '{name}' LOCALE 'C.UTF-8'" for name in ("de-DE", "tr-TR")},
}

_SETTINGS = {"shared_buffers": "64MB", "autovacuum_naptime": "10s"}


class Cluster(clusters.Cluster):
    """A running server, and databases in it."""

    locale = (
        ("--locale-provider=icu", f"--icu-locale={ICU_LOCALE}", "--locale=C.UTF-8")
        if ICU_LOCALE
        else ("--locale=C.UTF-8",)
    )

    def __init__(self, **settings: str) -> None:
        super().__init__(**{**_SETTINGS, **settings})
        self._numbers = count(1)

    @contextmanager
    def database(self, template: str = "template0", locale: str = "") -> Iterator[str]:
        """The URL of a new, empty database. `locale`: one of `LOCALES`; the cluster's own where it is not given."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} {LOCALES[locale] if locale else ''}")
        try:
            yield self.url_of(name)
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, *statements: str, url: str = "") -> list[asyncpg.Record]:
        """Run statements from outside, and give the last one's rows."""
        return apart(_run(url or self.url, statements))


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, also where a loop is running already: that one stands still meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _run(url: str, statements: tuple[str, ...]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetch(statement) for statement in statements][-1]
    finally:
        await connection.close()


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A new cluster, gone at the end."""
    if binaries() is None:
        lacks(NONE_FOUND)
    with Cluster(**settings) as made:
        yield made


@contextmanager
def shared(made: Cluster, locale: str = "") -> Iterator[str]:
    """The URL of a database with the schema, to be emptied by `empty` before each test. `locale`: as of `database`."""
    with made.database(locale=locale) as url:
        apart(postgres_migrate.bring_up_to_date(url, NOON))
        yield url


def settings_of(url: str, timeout: float) -> dict[str, str]:
    """What a server on this database is told."""
    return {"SAYSO_DATABASE_URL": url, "SAYSO_DATABASE_TIMEOUT": str(timeout)}


async def store_on(url: str) -> SqlStore:
    """A store that waits for the database as long as that takes on a busy machine."""
    return await stores.postgres(url, timeout=DEADLINE)


async def empty(store: SqlStore) -> None:
    """Take all rows out. DELETE, not TRUNCATE: for a handful of rows it makes and syncs no files."""
    tables = [name for _, sql in files() for name in re.findall(r"CREATE TABLE (\w+)", sql)]
    await store.engine.commit([Statement(f"DELETE FROM {name}", ()) for name in tables])


__all__ = [
    "NONE_FOUND",
    "Cluster",
    "apart",
    "binaries",
    "cluster",
    "empty",
    "free_port",
    "reserved_port",
    "settings_of",
    "shared",
    "store_on",
]
