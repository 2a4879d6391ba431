"""How long ago a stored time was, where something ends a while after it."""

from __future__ import annotations

#: By how much the clocks of processes that share a database may differ, in ms. Hosts that synchronise their clocks
#: differ by less than a second, and one that is set right moves by seconds; a minute leaves room for both. More would
#: only keep what was stored while a clock was wrong for longer.
CLOCK_SKEW = 60_000


def is_within(period: int, at: int, now: int) -> bool:
    """Whether less than `period` has passed between `at` and `now`, all in ms.

    A time further ahead than clocks differ was stored by a clock that was wrong. It counts as long past: otherwise what
    depends on it would last until that time comes.
    """
    return -CLOCK_SKEW <= now - at < period
