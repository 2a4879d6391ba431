"""Pages by cursor: how many they hold, and where a walk stands, as an opaque word for clients."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from sayso.domain.errors import Invalid, WrongCursor

_ID = re.compile("(?:[0-9a-f]{2}){1,32}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row seen: its time in ms, its id, the page it closed, and the total counted for the first page."""

    at: int
    id: str
    page: int
    total: int

    def word(self) -> str:
        form = json.dumps([self.at, self.id, self.page, self.total], separators=(",", ":"))
        return urlsafe_b64encode(form.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, word: str, name: str) -> Cursor:
        """The reverse of `word`, which the parameter `name` holds. Raises WrongCursor on one that no page ever gave."""
        wrong = WrongCursor(f"{name} must be what a page before gave", name)
        try:
            form = json.loads(urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            at, id_, page, total = form
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise wrong from None
        numbers = all(type(n) is int and 0 <= n < 2**53 for n in (at, page, total))
        if not numbers or not isinstance(id_, str) or not _ID.fullmatch(id_):
            raise wrong
        return cls(at, id_, page, total)


def size(word: str, name: str, most: int) -> int:
    """How many a page shall hold, from 1 to `most`, as the parameter `name` says. Raises Invalid."""
    if not word.isascii() or not word.isdecimal() or len(word) > 9 or not 1 <= int(word) <= most:
        raise Invalid(f"{name} must be a number from 1 to {most}", name)
    return int(word)
