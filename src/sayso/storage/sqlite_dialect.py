"""Our SQL as SQLite reads it."""

from __future__ import annotations

import re
from collections.abc import Callable

_PARAMETER = re.compile(r"\$(\d+)")

#: A text of more characters is not kept: only searches have such, and those have more forms than can be counted.
LONGEST_KEPT = 4_096

#: How many texts are kept. When there are more, all are dropped; those in use come back.
MOST_KEPT = 1_024


class _Rewritten(dict[str, str]):
    """Texts rewritten before. A subclass, because a hit then costs no more than the look-up."""

    def __missing__(self, sql: str) -> str:
        rewritten = _PARAMETER.sub(r"?\1", sql)
        if len(sql) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[sql] = rewritten
        return rewritten


_rewritten = _Rewritten()

#: `$1` as `?1`: SQLite would take `$1` for a name, and number names by first appearance.
dialect: Callable[[str], str] = _rewritten.__getitem__
