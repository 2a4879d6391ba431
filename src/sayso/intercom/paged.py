"""Lists whose pages have numbers: which one is asked for, and what leads to the next."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from sayso.domain.errors import Invalid, WrongCursor
from sayso.domain.paging import size
from sayso.intercom.call import Call

MOST_PER_PAGE, MOST_PAGES = 150, 1_000_000


class Asked(NamedTuple):
    """A page by its number, which counts from 1, and its size."""

    number: int
    size: int

    def pages(self, total: int) -> int:
        return -(-total // self.size)

    def has_next(self, total: int) -> bool:
        return self.number < self.pages(total)


def asked(query: dict[str, str], per_page: int) -> Asked:
    """What a query asks for, by `page`, or by `starting_after`, a number too. Raises Invalid, WrongCursor."""
    most = size(query.get("per_page") or str(per_page), "per_page", MOST_PER_PAGE)
    word = query.get("starting_after")
    if not word:
        return Asked(size(query.get("page") or "1", "page", MOST_PAGES), most)
    try:
        return Asked(size(word, "starting_after", MOST_PAGES), most)
    except Invalid as wrong:
        raise WrongCursor(wrong.message, wrong.field) from None


def following(call: Call, page: Asked) -> str:
    """The URL of the next page, as the caller came here; other parameters stay."""
    query = {**call.request.query, "page": str(page.number + 1), "per_page": str(page.size)}
    query.pop("starting_after", None)
    return f"{origin(call)}{call.request.path}?{urlencode(query)}"


def origin(call: Call) -> str:
    """What a URL begins with, as the caller came here; nothing where no host was named."""
    host = call.request.host
    return f"{call.request.scheme}://{host}" if host else ""
