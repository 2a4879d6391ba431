"""Bodies of JSON, decoded into shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import inf, isinf
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
        raise _wrong(str(error), decoder.type, raw) from None
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

#: What the decoder calls a value.
_NAMES = {
    bool: "bool",
    dict: "object",
    float: "float",
    int: "int",
    list: "array",
    str: "str",
    type(None): "null",
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


def _wrong(message: str, shape: Any, raw: bytes) -> WrongShape:
    """msgspec says: Expected `str`, got `int` - at `$.translations[0].name`."""
    what, _, path = message.rpartition(" - at `")
    if not what:
        what, path = message, ""
    where = path.strip("`").removeprefix("$").lstrip(".")
    missing = _MISSING.fullmatch(what)
    if missing:
        where = f"{where}.{missing[1]}".lstrip(".")
        choices = find(shape, where).choices
        return WrongShape(where, "must be there" + (f", {_one_of(choices)}" if choices else ""), missing=True)
    return WrongShape(_with_keys(where, what, raw), _plain(what, find(shape, where)))


#: A key that may be repeated: an address may not, nor half a letter, and what is longer helps nobody.
_NAME = re.compile(r"[\w .-]{1,190}")


def _with_keys(where: str, what: str, raw: bytes) -> str:
    """msgspec writes `[...]` for a key that the shape does not name: the place with the keys themselves, as far as they
    can be found."""
    known, mark, _ = where.partition("[...]")
    if not mark:
        return where
    try:
        tree = json.loads(raw, parse_int=_integer)
    except (ValueError, RecursionError):
        return known
    expected = _EXPECTED.fullmatch(what)
    kind = expected[3] if expected else None
    places = _places(tree, re.findall(r"\w+|\[[^\]]*\]", where))
    return next((place.lstrip(".") for place, value in places if _is_wrong(value, kind)), known)


def _places(tree: Any, steps: list[str]) -> Iterator[tuple[str, Any]]:
    """Every place that the steps of a path can mean, with the value there."""
    if not steps:
        yield "", tree
        return
    step, *rest = steps
    inner: dict[str, Any] = {}
    if step == "[...]" and isinstance(tree, dict):
        inner = {f".{key}": value for key, value in tree.items() if _NAME.fullmatch(key)}
    elif step.startswith("[") and isinstance(tree, list):
        inner = {f"[{number}]": item for number, item in enumerate(tree) if step == f"[{number}]"}
    elif isinstance(tree, dict) and step in tree:
        inner = {f".{step}": tree[step]}
    for place, value in inner.items():
        yield from ((place + below, found) for below, found in _places(value, rest))


#: Python reads no integer of more digits, and nor does the decoder.
_MOST_DIGITS = 4300


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else inf


def _is_wrong(value: Any, kind: str | None) -> bool:
    """Whether a value is of the kind that was refused, or out of range where no kind was."""
    if kind is None:
        return isinstance(value, float) and isinf(value)
    return _NAMES[type(value)] == kind


def _plain(what: str, found: Found) -> str:
    """What msgspec says, in plain words and without the value, which may be anything that people are called."""
    if found.choices:
        return f"must be {_one_of(found.choices)}"
    expected = _EXPECTED.fullmatch(what)
    if expected is None:
        return "is out of range" if "out of range" in what else "has a wrong value"
    names, limit, got = expected.groups()
    wanted = _any_of([_WORDS.get(name, name) for name in names.split(" | ")])
    if found.is_second:
        wanted = "a Unix timestamp in seconds (integer)"
    if length := _LENGTH.fullmatch(limit):
        wanted += f" of {_BOUNDS[length[1]]} {length[2]} {'items' if names == 'array' else 'characters'}"
    elif bound := _RANGE.fullmatch(limit):
        wanted += f", {_BOUNDS[bound[1]]} {bound[2]}"
    elif limit:
        wanted += " of the right form"
    return f"must be {wanted}" + (f", got {_KINDS.get(got, got)}" if got else "")


def _one_of(choices: tuple[str | int, ...]) -> str:
    return f"one of {', '.join(map(str, choices))}"


def _any_of(words: list[str]) -> str:
    if "a number" in words:
        words = [word for word in words if word != "an integer"]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
