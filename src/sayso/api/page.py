"""Pages by cursor: the id that closed the page before, as an opaque word."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence

from sayso.domain.errors import Invalid
from sayso.domain.paging import size
from sayso.domain.subscription_type import SubscriptionType

PER_PAGE, MOST_PER_PAGE = 50, 150


def page(types: Sequence[SubscriptionType], query: Mapping[str, str]) -> tuple[list[SubscriptionType], str | None]:
    """The page that a query asks for, and the cursor of the next; `types` are in the order of ids. Raises Invalid."""
    limit = size(query.get("limit", str(PER_PAGE)), "limit", MOST_PER_PAGE)
    after = _after(query.get("cursor"))
    rest = [type_ for type_ in types if int(type_.id) > after]
    shown = rest[:limit]
    return shown, _cursor(shown[-1].id) if len(rest) > limit else None


def _cursor(type_id: str) -> str:
    return urlsafe_b64encode(type_id.encode()).decode().rstrip("=")


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        word = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        word = ""
    if not word.isdecimal() or len(word) > 18:
        raise Invalid("cursor must be the `next` of a page before", "cursor")
    return int(word)
