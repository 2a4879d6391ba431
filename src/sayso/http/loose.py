"""Bodies that mean what a shape asks for and are written in another way: programs write `25.0` for 25, and identifiers
as numbers.

A field says by its marks what may be written so: `Second` and `Identifier`. Any integer may be written as `n.0`.
"""

from __future__ import annotations

import re
from functools import cache
from math import isfinite
from typing import Annotated, Any, NamedTuple, TypeAlias

from msgspec import Meta, inspect

#: A time; a fraction of a second is cut off.
Second: TypeAlias = Annotated[int, Meta(extra={"second": True})]

#: A text that names something: an integer is the text of its digits.
Identifier: TypeAlias = Annotated[str, Meta(extra={"identifier": True})]


def tighten(tree: Any, shape: type) -> Any:
    """A decoded body as the shape asks for it, as far as that is certain; the rest as it was."""
    return _tighten(tree, _kind(shape), frozenset())


class Found(NamedTuple):
    """What a shape asks for at a place: the values that it may have, where these are few, and whether it is a time."""

    choices: tuple[str | int, ...] = ()
    is_second: bool = False


def find(shape: type, where: str) -> Found:
    """`where` is such as `translations[0].name`; nothing is known of places that the shape does not have."""
    kinds = [_kind(shape)]
    for step in re.findall(r"\w+|\[[^\]]*\]", where):
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    kinds = [option for kind in kinds for option in _options(kind)]
    choices = [value for kind in kinds for value in _choices(kind)]
    return Found(tuple(choices), any("second" in (_extra(kind) or ()) for kind in kinds))


@cache
def _kind(shape: type) -> inspect.Type:
    return inspect.type_info(shape)


def _tighten(value: Any, kind: inspect.Type, marks: frozenset[str]) -> Any:
    match kind:
        case inspect.Metadata():
            value = _tighten(value, kind.type, marks.union(kind.extra or ()))
        case inspect.UnionType():
            value = _one_of(value, kind, marks)
        case inspect.IntType():
            value = _integer(value, marks)
        case inspect.StrType() if "identifier" in marks:
            value = _text(value)
        case inspect.StructType() if isinstance(value, dict):
            kinds = {field.encode_name: field.type for field in kind.fields}
            return {name: _tighten(part, kinds[name], marks) if name in kinds else part for name, part in value.items()}
        case inspect.ListType() if isinstance(value, list):
            return [_tighten(item, kind.item_type, marks) for item in value]
    return value


def _one_of(value: Any, union: inspect.UnionType, marks: frozenset[str]) -> Any:
    if any(isinstance(kind, inspect.FloatType) for kind in union.types):
        return value
    for kind in union.types:
        value = _tighten(value, kind, marks)
    return value


def _integer(value: Any, marks: frozenset[str]) -> Any:
    if type(value) is float and isfinite(value) and (value.is_integer() or "second" in marks):
        return int(value)
    return value


def _text(value: Any) -> Any:
    whole = _integer(value, frozenset())
    return str(whole) if type(whole) is int else value


def _options(kind: inspect.Type) -> list[inspect.Type]:
    """A type, and those that it may be."""
    match kind:
        case inspect.Metadata():
            return [kind, *_options(kind.type)]
        case inspect.UnionType():
            return [option for each in kind.types for option in _options(each)]
    return [kind]


def _inside(kind: inspect.Type, step: str) -> list[inspect.Type]:
    found: list[inspect.Type] = []
    for option in _options(kind):
        match option:
            case inspect.StructType():
                found += [field.type for field in option.fields if field.encode_name == step]
            case inspect.ListType():
                found.append(option.item_type)
            case inspect.DictType():
                found.append(option.value_type)
    return found


def _choices(kind: inspect.Type) -> list[str | int]:
    match kind:
        case inspect.LiteralType():
            return [value for value in kind.values if value is not None]
        case inspect.EnumType():
            return [member.value for member in kind.cls]
    return []


def _extra(kind: inspect.Type) -> dict[str, Any] | None:
    return kind.extra if isinstance(kind, inspect.Metadata) else None
