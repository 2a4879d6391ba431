"""Bodies of JSON, decoded into shapes."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")


class NotJson(Exception):
    """The body cannot be read at all."""


class WrongShape(Exception):
    """The body is JSON, but not what was asked for. `where` is such as `translations[0].name`, empty for the whole.

    `missing`: nothing is there, and something must be.
    """

    def __init__(self, where: str, what: str, *, missing: bool = False) -> None:
        super().__init__(what)
        self.where = where
        self.what = what
        self.missing = missing


def decode(raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """No body is as good as `{}`. Raises NotJson, WrongShape."""
    try:
        if not raw.isascii():
            # The decoder looks only into the strings that it keeps.
            raw.decode()
        return decoder.decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


_MISSING = re.compile(r"Object missing required field `(\w+)`")


def _wrong(told: str) -> WrongShape:
    """msgspec says: Expected `str`, got `int` - at `$.translations[0].name`."""
    what, _, path = told.rpartition(" - at `")
    if not what:
        what, path = told, ""
    where = path.strip("`").removeprefix("$").lstrip(".")
    missing = _MISSING.fullmatch(what)
    if missing:
        return WrongShape(f"{where}.{missing[1]}".lstrip("."), "must be there", missing=True)
    if what.startswith("Invalid enum value"):
        # It goes on with the value, which may be anything that people are called.
        what = "Invalid value"
    return WrongShape(where, what)
