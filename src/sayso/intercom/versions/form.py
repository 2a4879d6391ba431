"""Forms: what a version makes of a shape, worked out once, with places for what differs from object to object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from sayso.intercom.versions import Version, downgrade

# Digits, because some texts of the newest version are numbers in older ones.
_FIRST = 900_000_000_000_000
_PLACE = re.compile(rb'"(9\d{14})"|(?<=:)9\d{14}')


def places(names: Iterable[str]) -> dict[str, Any]:
    """A place for each name, by name: what a shape is given in place of values."""
    return {name: str(_FIRST + number) for number, name in enumerate(names)}


class Form:
    """How a version tells objects of a shape that has places, two or more. What old versions leave out, move, rename or
    tell as a number may be at a place; what else they do to a value may not."""

    def __init__(self, version: Version, shape: msgspec.Struct) -> None:
        tree = msgspec.to_builtins(shape)
        downgrade(version, tree)
        told = msgspec.json.encode(tree)
        found = [(int(place[0].strip(b'"')) - _FIRST, place[1] is None) for place in _PLACE.finditer(told)]
        # No JSON has this byte. Every second part is a place.
        self._parts = [part for text in _PLACE.sub(b"\0", told).split(b"\0") for part in (text, b"")][:-1]
        self._numbers = [at for at, is_number in found if is_number]
        self._picked = itemgetter(*(at for at, _ in found))

    def filled(self, values: Sequence[bytes]) -> bytes:
        """An object as JSON. `values` are JSON too, in the order of the places, as the newest version tells them."""
        if self._numbers:
            values = [*values]
            for at in self._numbers:
                values[at] = _number(values[at])
        parts = self._parts.copy()
        parts[1::2] = self._picked(values)
        return b"".join(parts)


def _number(text: bytes) -> bytes:
    return text if text == b"null" else b"%d" % int(text.strip(b'"'))
