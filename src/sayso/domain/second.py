"""Times as clients give them: Unix times in whole seconds."""

from __future__ import annotations

from sayso.domain.errors import Invalid

#: Up to the end of the year 9999.
SECONDS_LIMIT = 253_402_300_800

#: What only a time in milliseconds is as large as: 13 digits.
_MILLISECONDS = 10**12


def check_second(value: int, name: str) -> None:
    """Raises Invalid."""
    if abs(value) >= _MILLISECONDS:
        raise Invalid(f"'{name}' must be a Unix timestamp in seconds (integer), got milliseconds", name)
    if not 0 <= value < SECONDS_LIMIT:
        raise Invalid(f"'{name}' must be a Unix timestamp in seconds (integer), from 0 to {SECONDS_LIMIT - 1}", name)


def is_second(value: int) -> bool:
    return 0 <= value < SECONDS_LIMIT
