"""Databases by their address: made, brought up to date, opened and looked at. One small class for each engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from sayso.domain.errors import Invalid
from sayso.storage import lock, store, structure
from sayso.storage.structure import Fact
from sayso.storage.url import DatabaseUrl


class Database(Protocol):
    """One region's data. All of it may raise Unavailable, and names the database as people may see it."""

    @property
    def name(self) -> str:
        """What people are told: a path, or an address without its password."""

    async def exists(self) -> bool:
        """Whether there is one to open, up to date or not."""

    async def still_pending(self) -> list[str]:
        """The migrations it needs. Raises NewerSchema."""

    async def bring_up_to_date(self, now: int) -> list[str]:
        """Make or migrate it, and say what was applied. Raises NewerSchema."""

    async def run_again(self, name: str, now: int) -> None:
        """Run the code of a migration that was applied on all rows, as they are now."""

    def locked(self) -> AbstractContextManager[None]:
        """Held by whoever serves or migrates it, where only one process may."""

    async def open(self, *, serving: bool = False) -> store.SqlStore:
        """A store on it, when it is up to date. `serving`: in a server, which looks after it."""

    def back_up(self, target: Path, *, replace: bool, outdated: Sequence[Path] = ()) -> int:
        """Copy it to a file, and say how many bytes that has. `outdated` are files about an older copy, which are
        removed with it. Raises Conflict, Invalid."""

    async def facts(self, *, deep: bool) -> list[Fact]:
        """What can be said of its state from outside. `deep` reads all of it, where that tells more."""


def at(url: DatabaseUrl, timeout: int) -> Database:
    """The database at an address that has no fault; `timeout` in seconds."""
    return SqliteDatabase(url.path, timeout) if url.path is not None else PostgresDatabase(url, timeout)


class SqliteDatabase:
    """A file, served by one process."""

    def __init__(self, path: Path, timeout: int = 5) -> None:
        self.path = path
        self._timeout = timeout

    @property
    def name(self) -> str:
        return str(self.path)

    async def exists(self) -> bool:
        return self.path.is_file()

    async def still_pending(self) -> list[str]:
        return store.still_pending(self.path)

    async def bring_up_to_date(self, now: int) -> list[str]:
        return store.bring_up_to_date(self.path, now)

    async def run_again(self, name: str, now: int) -> None:
        store.run_again(self.path, name, now)

    def locked(self) -> AbstractContextManager[None]:
        return lock.locked(self.path)

    async def open(self, *, serving: bool = False) -> store.SqlStore:
        if not serving:
            lock.refuse_another_name(self.path)
        return store.sqlite(self.path, checkpoints=serving, timeout=self._timeout)

    def back_up(self, target: Path, *, replace: bool, outdated: Sequence[Path] = ()) -> int:
        # Imported here: one command in many needs it.
        from sayso.storage.backup import back_up  # noqa: PLC0415

        return back_up(self.path, target, replace=replace, outdated=outdated)

    async def facts(self, *, deep: bool) -> list[Fact]:
        return list(structure.facts(self.path, deep=deep))


class PostgresDatabase:
    """A database of a server, or of a cluster, that any number of processes may use."""

    def __init__(self, url: DatabaseUrl, timeout: int) -> None:
        self._url = url
        self._timeout = timeout

    @property
    def name(self) -> str:
        return self._url.shown

    async def exists(self) -> bool:
        return True

    async def still_pending(self) -> list[str]:
        # Imported here and below: with an embedded database nobody needs the driver.
        from sayso.storage import postgres_migrate  # noqa: PLC0415

        return await postgres_migrate.still_pending(self._url, timeout=self._timeout)

    async def bring_up_to_date(self, now: int) -> list[str]:
        from sayso.storage import postgres_migrate  # noqa: PLC0415

        return await postgres_migrate.bring_up_to_date(self._url, now, timeout=self._timeout)

    async def run_again(self, name: str, now: int) -> None:
        from sayso.storage import postgres_migrate  # noqa: PLC0415

        await postgres_migrate.run_again(self._url, name, now, timeout=self._timeout)

    def locked(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def open(self, *, serving: bool = False) -> store.SqlStore:
        from sayso.storage import copy  # noqa: PLC0415

        if serving:
            await copy.refuse_unfinished(self._url, self._timeout)
        return await store.postgres(self._url, timeout=self._timeout)

    def back_up(self, target: Path, *, replace: bool, outdated: Sequence[Path] = ()) -> int:
        raise Invalid(
            f"{self.name} is backed up with PostgreSQL's own tools: pg_dump for a single copy, "
            "pgBackRest for all changes up to any moment"
        )

    async def facts(self, *, deep: bool) -> list[Fact]:
        from sayso.storage import cluster  # noqa: PLC0415

        return await cluster.facts(self._url, self._timeout)
