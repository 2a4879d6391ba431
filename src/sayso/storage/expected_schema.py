"""The schema that migrations make, read from a database in memory to which they were applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager

import apsw

from sayso.storage import migrate
from sayso.storage.engine import Row

#: Runs a SELECT with parameters $1, $2 and so on; None in the place of a row that cannot be decoded.
Read = Callable[..., Awaitable[Iterable[Row | None]]]

#: The tables in which migrations are recorded.
RECORDS = ("migrations", "migrating")


@contextmanager
def schema_of(applied: Collection[str], form: Callable[[str], str] = str) -> Iterator[apsw.Connection]:
    """A database in memory with the schema of these migrations; `form` turns the text of one into an engine's."""
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute(migrate.TABLES)
        for name, sql in migrate.files():
            if name in applied:
                connection.execute(form(sql))
        yield connection


def describe_order(applied: Collection[str], unfinished: Collection[str]) -> Iterator[str]:
    """What is wrong with the record of the migrations themselves."""
    pending = [name for name, _ in migrate.files() if name not in applied or name in unfinished]
    if pending and (later := migrate.applied_after(pending[0], applied)):
        yield migrate.describe_disorder(pending[0], later)


def describe_index(table: str, name: str, *, is_harmless: bool) -> str:
    """What is said of an index that no migration makes."""
    if is_harmless:
        return f"there is an additional index on {table}: {name}"
    return (
        f"there is an additional index on {table}: {name}; it is unique, partial or on an expression, "
        "and may refuse a write or run code"
    )
