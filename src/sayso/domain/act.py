"""An act: what somebody does that may change something, with all that must not be read inside a decision."""

from __future__ import annotations

from typing import NamedTuple


class Author(NamedTuple):
    """Who acts: `kind` is one of api_key, operator, subject, system; `ref` an opaque reference, such as a token id."""

    kind: str
    ref: str
    method: str
    request_id: str


class Act(NamedTuple):
    """`id` is a UUIDv7 as 32 hex digits, made before the first try; `at` is the time in ms since the epoch, UTC."""

    id: str
    at: int
    author: Author


#: What nobody asked for through a surface: a first start, or the program's own housekeeping.
SYSTEM = Author("system", "sayso", "system", "")

#: What a migration found in the database.
MIGRATION = Author("system", "migration", "system", "")

#: Whoever runs commands beside the database.
OPERATOR = Author("operator", "cli", "admin", "")
