"""Bodies of JSON, decoded into shapes."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


class NotJson(Exception):
    """The body cannot be read at all."""


class WrongShape(Exception):
    """The body is JSON, but not what was asked for. `where` is such as `translations[0].name`, empty for the whole."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.where = where
        self.what = what


def decode(raw: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """No body is as good as `{}`. Raises NotJson, WrongShape."""
    try:
        return decoder.decode(raw or b"{}")
    except msgspec.ValidationError as error:
        # msgspec says: Expected `str`, got `int` - at `$.translations[0].name`
        what, _, where = str(error).partition(" - at `")
        raise WrongShape(where.strip("`").removeprefix("$").lstrip("."), what) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None
