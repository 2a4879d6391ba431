"""Our SQL as SQLite reads it."""

from __future__ import annotations

import re
from functools import lru_cache

_PARAMETER = re.compile(r"\$(\d+)")


# Searches have more forms than can be counted.
@lru_cache(maxsize=2_048)
def dialect(sql: str) -> str:
    """`$1` as `?1`: SQLite would take `$1` for a name, and number names by first appearance."""
    return _PARAMETER.sub(r"?\1", sql)
