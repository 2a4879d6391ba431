"""What searches ask that the engines' common SQL cannot say: JSON, hex digits, and which table of a join
comes first.

On PostgreSQL a column has the collation "C", but what a function makes of JSON or of bytes has the database's own, by
which letters and their order differ. So every text that is made here is given "C".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from sayso.domain.search import Kind
from sayso.storage.engine import Engine
from sayso.storage.sqlite import SqliteEngine

if TYPE_CHECKING:
    # With an embedded database nobody needs the driver.
    from sayso.storage.postgres import PostgresEngine


class Spelling(Protocol):
    def each(self, few: str, one: str) -> str:
        """A statement that finds what `one` selects from contacts for each row of `few`, by its key."""

    def by_key(self, few: str) -> str:
        """The live contacts that each row of `few` names by `few_id`, as what follows a SELECT's columns; conditions
        can be added."""

    @property
    def looks_up_each(self) -> bool:
        """Whether `by_key` costs one look-up for each row of `few`, whatever the database knows of its tables."""

    def digits(self, contact_id: str) -> str:
        """An id's bytes as hex digits."""

    def packed(self, path: Sequence[str], kind: Kind) -> str:
        """What the profile's JSON holds at a path of our own; NULL for nothing."""

    def attribute(self, name: str, kind: Kind) -> str:
        """The custom attribute that the parameter `name` names; NULL where it is of another kind."""

    def named(self, name: str) -> str:
        """What that parameter is given."""

    def number(self, parameter: str) -> str:
        """A parameter to compare with numbers."""

    def numeric(self, value: float) -> Any:
        """What that parameter is given."""


# The few first, each with its contact: SQLite takes CROSS JOIN for that order.
_JOINED = """FROM ({}) AS few
CROSS JOIN contacts WHERE workspace_id = $1 AND contact_id = few_id AND state = 'live'"""

# As a plain join it might begin with all contacts: OFFSET 0 keeps each look-up a query of its own.
_LOOKED_UP = """FROM ({}) AS few CROSS JOIN LATERAL
(SELECT * FROM contacts WHERE workspace_id = $1 AND contact_id = few_id OFFSET 0) AS contacts WHERE state = 'live'"""


class SqliteSpelling:
    looks_up_each = True

    def each(self, few: str, one: str) -> str:
        # SQLite takes CROSS JOIN for that order.
        return one.replace(" FROM contacts ", f" FROM ({few}) AS few CROSS JOIN contacts ")

    def by_key(self, few: str) -> str:
        return _JOINED.format(few)

    def digits(self, contact_id: str) -> str:
        return f"lower(hex({contact_id}))"

    def packed(self, path: Sequence[str], kind: Kind) -> str:
        return f"json_extract(profile, '$.{'.'.join(path)}')"

    def attribute(self, name: str, kind: Kind) -> str:
        types = {Kind.STRING: "'text'", Kind.BOOLEAN: "'true', 'false'"}.get(kind, "'integer', 'real'")
        return f"CASE WHEN json_type(profile, {name}) IN ({types}) THEN json_extract(profile, {name}) END"

    def named(self, name: str) -> str:
        return f"$.custom_attributes.{json.dumps(name, ensure_ascii=False)}"

    def number(self, parameter: str) -> str:
        return parameter

    def numeric(self, value: float) -> Any:
        return value


class PostgresSpelling:
    def __init__(self, engine: PostgresEngine | None = None) -> None:
        self._engine = engine

    def each(self, few: str, one: str) -> str:
        # As in `_LOOKED_UP`.
        return f"SELECT found.* FROM ({few}) AS few CROSS JOIN LATERAL ({one} OFFSET 0) AS found"

    def by_key(self, few: str) -> str:
        # Citus spreads no query with an OFFSET that refers to another table.
        return (_LOOKED_UP if self.looks_up_each else _JOINED).format(few)

    @property
    def looks_up_each(self) -> bool:
        return self._engine is None or self._engine.is_one_server

    def digits(self, contact_id: str) -> str:
        return _by_bytes(f"encode({contact_id}, 'hex')")

    def packed(self, path: Sequence[str], kind: Kind) -> str:
        return self._typed(_by_bytes(f"CAST(profile AS json) #>> '{{{','.join(path)}}}'"), kind)

    def attribute(self, name: str, kind: Kind) -> str:
        value = f"(CAST(profile AS json) -> 'custom_attributes' -> CAST({name} AS text))"
        type_ = {Kind.STRING: "string", Kind.BOOLEAN: "boolean"}.get(kind, "number")
        text = _by_bytes(f"{value} #>> '{{}}'")
        return f"CASE WHEN {_by_bytes(f'json_typeof({value})')} = '{type_}' THEN {self._typed(text, kind)} END"

    def named(self, name: str) -> str:
        return name

    def number(self, parameter: str) -> str:
        return f"CAST(CAST({parameter} AS text) AS numeric)"

    def numeric(self, value: float) -> Any:
        return repr(value)

    def _typed(self, text: str, kind: Kind) -> str:
        match kind:
            case Kind.STRING:
                return text
            case Kind.BOOLEAN:
                return f"(CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)"
        return f"CAST({text} AS numeric)"


def _by_bytes(text: str) -> str:
    return f'(({text}) COLLATE "C")'


def spelling(engine: Engine) -> Spelling:
    return SqliteSpelling() if isinstance(engine, SqliteEngine) else PostgresSpelling(cast("PostgresEngine", engine))
