"""The schema of a database, compared with what the migrations make."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SchemaDifferences:
    """`faults` may change what is read or written; `notes` do not."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
