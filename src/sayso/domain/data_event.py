"""Data events: what a contact did, as the customer tells it, and how often and when they did it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from sayso.domain.errors import Invalid, Missing, shown
from sayso.domain.second import check_second

NAME_LIMIT = 255

#: How many event names a contact may have. Intercom has 120 in use per workspace, and those that were archived beside
#: them, which nobody can archive here.
NAMES_LIMIT = 500

#: Of the metadata sent with an event as many keys are kept; those after them are ignored.
KEYS_KEPT = 10
KEY_LIMIT = 190
TEXT_LIMIT = 2_048
COUNT_LIMIT = 2**31
_NUMBER_LIMIT = 2**53

#: By how much an amount of money may miss a whole number of cents.
_ROUNDING = 1e-6

#: For how long events are listed one by one, in seconds: 90 days. They count for longer.
LISTED_FOR = 90 * 24 * 3600


#: Where an event stands among a contact's: its time in seconds, and its id.
EventPlace = tuple[int, str]


@dataclass(frozen=True, slots=True)
class DataEvent:
    """`id` is 32 hex digits, `at` when it happened, in seconds. A contact has one event of a name at a second."""

    id: str
    name: str
    at: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Summary(NamedTuple):
    """How often a contact did something, and when first and last, in seconds."""

    name: str
    total: int
    first: int
    last: int


#: What a change writes of the data events of a contact: an event that is new, or a summary in the place of one.
DataEventRow: TypeAlias = DataEvent | Summary


class Doings(NamedTuple):
    """All that is known of what a contact did."""

    events: tuple[DataEvent, ...] = ()
    summaries: tuple[Summary, ...] = ()


def submitted(id_: str, name: str, at: int, metadata: Mapping[str, Any]) -> DataEvent:
    """An event as somebody tells of it, with as much of the metadata as is kept. Raises Missing, Invalid."""
    check_name(name)
    check_second(at, "created_at")
    kept = {key: _checked(key, value) for key, value in islice(metadata.items(), KEYS_KEPT)}
    return DataEvent(id_, name, at, kept)


def summarized(name: str, count: int, first: int, last: int) -> Summary:
    """A summary as somebody tells of it. Raises Missing, Invalid."""
    check_name(name)
    if not 0 <= count < COUNT_LIMIT:
        raise Invalid(f"count must be a number from 0 to {COUNT_LIMIT - 1}", "count")
    check_second(first, "first")
    check_second(last, "last")
    if last < first:
        raise Invalid("last must not be before first", "last")
    return Summary(name, count, first, last)


def counted(before: Summary | None, event: DataEvent) -> Summary:
    """The summary after one more event."""
    if before is None:
        return Summary(event.name, 1, event.at, event.at)
    count = min(before.total + 1, COUNT_LIMIT - 1)
    return Summary(event.name, count, min(before.first, event.at), max(before.last, event.at))


def joined(own: Doings, theirs: Doings) -> tuple[DataEventRow, ...]:
    """What a contact gains who did all that another one did: what both were told to have done happened once."""
    known = {(event.name, event.at) for event in own.events}
    gained = tuple(event for event in theirs.events if (event.name, event.at) not in known)
    twice = Counter(event.name for event in theirs.events if (event.name, event.at) in known)
    before = {summary.name: summary for summary in own.summaries}
    sums = (_sum(before.get(summary.name), summary, twice[summary.name]) for summary in theirs.summaries)
    return (*gained, *sums)


def _sum(own: Summary | None, theirs: Summary, twice: int) -> Summary:
    if own is None:
        return theirs
    total = min(max(own.total + theirs.total - twice, 0), COUNT_LIMIT - 1)
    return Summary(own.name, total, min(own.first, theirs.first), max(own.last, theirs.last))


def check_name(name: str) -> None:
    """Raises Missing, Invalid."""
    if not name.strip():
        raise Missing("event_name must be there", "event_name")
    if len(name) > NAME_LIMIT:
        raise Invalid(f"event_name has at most {NAME_LIMIT} characters", "event_name")
    if "\0" in name:
        raise Invalid("event_name must not hold a NUL character", "event_name")


def check_new_name(names: int) -> None:
    """`names`: how many a contact has that gets one more. Raises Invalid."""
    if names >= NAMES_LIMIT:
        raise Invalid(f"a contact has events of at most {NAMES_LIMIT} names; use one that it has", "event_name")


def _checked(key: str, value: Any) -> Any:
    """A value as it is kept. Raises Invalid."""
    if not 0 < len(key) <= KEY_LIMIT:
        raise Invalid(f"metadata: a key has 1 to {KEY_LIMIT} characters", "metadata")
    if "\0" in key:
        raise Invalid("metadata: a key must not hold a NUL character", "metadata")
    if isinstance(value, dict):
        return _checked_rich(key, value)
    _check_plain(key, value)
    return value


def _check_plain(place: str, value: object) -> None:
    if isinstance(value, str):
        if len(value) > TEXT_LIMIT:
            raise _wrong(place, f"has at most {TEXT_LIMIT} characters")
        if "\0" in value:
            raise _wrong(place, "must not hold a NUL character")
    elif isinstance(value, float):
        if not isfinite(value):
            raise _wrong(place, "must be a finite number")
    elif isinstance(value, int):
        if abs(value) > _NUMBER_LIMIT:
            raise _wrong(place, "must be a number of at most 53 bits")
    elif value is not None:
        raise _wrong(place, "must be a string, a number, a boolean, a link with a text, or an amount of money")


def _checked_rich(key: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A link with a text is `{url, value}`, an amount of money `{amount, currency}`."""
    match value:
        case {"url": str(url), "value": str(text)} if len(value) == 2:
            _check_plain(f"{key}.url", url)
            _check_plain(f"{key}.value", text)
            if not url.lower().startswith(("http://", "https://")):
                raise _wrong(f"{key}.url", "must begin with http:// or https://")
        case {"amount": int() | float() as amount, "currency": str(currency)} if len(value) == 2:
            cents = _cents(key, amount)
            _check_plain(f"{key}.amount", cents)
            if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
                raise _wrong(f"{key}.currency", "must have three letters")
            return {"amount": cents, "currency": currency}
        case _:
            raise _wrong(key, "must be {url, value} or {amount, currency} where it is an object")
    return value


def _cents(key: str, amount: float) -> int:
    """An amount of money; the rounding error of one that was multiplied is none of it. Raises Invalid."""
    if not isinstance(amount, bool) and isfinite(amount) and amount >= 0 and abs(amount - round(amount)) < _ROUNDING:
        return round(amount)
    raise _wrong(f"{key}.amount", "must be a positive whole number of cents")


def _wrong(place: str, what: str) -> Invalid:
    return Invalid(f"metadata: {shown(place)} {what}", "metadata")
