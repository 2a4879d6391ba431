"""Hashes of rows that may hold anything."""

from __future__ import annotations

from collections.abc import Callable


def try_hash(compute: Callable[[], bytes]) -> bytes | None:
    """A hash; None where a row holds a value that has no canonical form."""
    try:
        return compute()
    except (TypeError, ValueError, AttributeError):
        return None
