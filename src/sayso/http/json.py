"""Bodies of JSON, decoded into shapes."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from sayso.http.loose import Found, find, tighten

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


def decode(raw: bytes, decoder: msgspec.json.Decoder[T], *, loosely: bool = False) -> T:
    """No body is as good as `{}`. `loosely`: as `loose.tighten` reads it. Raises NotJson, WrongShape."""
    try:
        if not raw.isascii():
            # The decoder looks only into the strings that it keeps.
            raw.decode()
        return _decode(raw or b"{}", decoder, loosely=loosely)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), decoder.type) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


def _decode(raw: bytes, decoder: msgspec.json.Decoder[T], *, loosely: bool) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        if not loosely:
            raise
        try:
            tree = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            # A number that is too large: what the shape says of it names the field.
            tree = None
        if tree is None:
            raise
    return msgspec.convert(tighten(tree, decoder.type), decoder.type)


_MISSING = re.compile(r"Object missing required field `(\w+)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`(.*?)(?:, got `(\w+)`)?")
_LENGTH = re.compile(r" of length (<=|>=) (\d+)")
_RANGE = re.compile(r" (<=|>=|<|>) (-?[\d.]+)")

_WORDS = {
    "array": "an array",
    "bool": "true or false",
    "float": "a number",
    "int": "an integer",
    "null": "null",
    "object": "an object",
    "str": "a string",
}

#: What a value is, as JSON calls it.
_KINDS = {
    "array": "Array",
    "bool": "Boolean",
    "float": "Number",
    "int": "Integer",
    "null": "Null",
    "object": "Object",
    "str": "String",
}

_BOUNDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


def _wrong(told: str, shape: Any) -> WrongShape:
    """msgspec says: Expected `str`, got `int` - at `$.translations[0].name`."""
    what, _, path = told.rpartition(" - at `")
    if not what:
        what, path = told, ""
    where = path.strip("`").removeprefix("$").lstrip(".")
    missing = _MISSING.fullmatch(what)
    if missing:
        return WrongShape(f"{where}.{missing[1]}".lstrip("."), "must be there", missing=True)
    return WrongShape(where, _plain(what, find(shape, where)))


def _plain(what: str, found: Found) -> str:
    """What msgspec says, in plain words and without the value, which may be anything that people are called."""
    if found.choices:
        return f"must be one of {', '.join(map(str, found.choices))}"
    expected = _EXPECTED.fullmatch(what)
    if expected is None:
        return "is out of range" if "out of range" in what else "has a wrong value"
    names, limit, got = expected.groups()
    wanted = " or ".join(_WORDS.get(name, name) for name in names.split(" | "))
    if found.is_second:
        wanted = "a Unix timestamp in seconds (integer)"
    if length := _LENGTH.fullmatch(limit):
        wanted += f" of {_BOUNDS[length[1]]} {length[2]} {'items' if names == 'array' else 'characters'}"
    elif bound := _RANGE.fullmatch(limit):
        wanted += f", {_BOUNDS[bound[1]]} {bound[2]}"
    elif limit:
        wanted += " of the right form"
    return f"must be {wanted}" + (f", got {_KINDS.get(got, got)}" if got else "")
