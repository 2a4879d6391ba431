"""API versions: the code knows the newest, named changes lead back to the older ones.

A change lives in the module of the version that introduced it and says how things were before. Answers go from the
newest to the oldest, so a client gets every change whose version is above its own.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

Json = dict[str, Any]
Change = Callable[[Json], None]


class Version(IntEnum):
    """In order: the newest is the greatest."""

    V2_7 = 207
    V2_8 = 208
    V2_9 = 209
    V2_10 = 210
    V2_11 = 211
    V2_12 = 212
    V2_13 = 213
    V2_14 = 214
    V2_15 = 215
    V2_16 = 216
    PREVIEW = 999


OLDEST = Version.V2_7

_OLDER = ("1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{minor}" for minor in range(7)))

_NAMES: dict[bytes, Version] = {
    **{f"2.{version - 200}".encode(): version for version in Version if version is not Version.PREVIEW},
    **{name.encode(): OLDEST for name in _OLDER},
    b"Preview": Version.PREVIEW,
    b"Unstable": Version.PREVIEW,
}


def named(name: bytes) -> Version | None:
    """The version of an `Intercom-Version` header; those before 2.7 are answered as 2.7. None: there is no such."""
    return _NAMES.get(name)


def downgrade(version: Version, tree: Any) -> None:
    """Rewrite an answer, in place, as an older version would have given it."""
    changes = _applying(version)
    if changes:
        _walk(tree, changes)


def is_newest(version: Version, object_types: frozenset[str]) -> bool:
    """Whether an answer made of such objects is the same in this version as in the newest."""
    return object_types.isdisjoint(_applying(version))


#: In these nothing was ever told differently but their own fields: nobody looks into them.
_WHOLE = "contact"

_CHANGES: list[tuple[Version, str, Change]] = []
_APPLYING: dict[Version, dict[str, list[Change]]] = {}


def response(introduced: Version, object_type: str) -> Callable[[Change], Change]:
    """Register how objects of a type were before a version."""

    def register(change: Change) -> Change:
        _CHANGES.append((introduced, object_type, change))
        _APPLYING.clear()
        return change

    return register


def _applying(version: Version) -> dict[str, list[Change]]:
    """By type of object, the newest first."""
    found = _APPLYING.get(version)
    if found is None:
        found = _APPLYING[version] = {}
        for introduced, object_type, change in sorted(_CHANGES, key=lambda known: -known[0]):
            if version < introduced:
                found.setdefault(object_type, []).append(change)
    return found


def _walk(tree: Any, changes: dict[str, list[Change]]) -> None:
    """Once through all of it, what is inside first."""
    if type(tree) is list:
        for item in tree:
            if type(item) is dict or type(item) is list:
                _walk(item, changes)
        return
    object_type = tree.get("type")
    if object_type != _WHOLE:
        for key, value in tree.items():
            # What users put into their own attributes is theirs, whatever it looks like.
            if (type(value) is dict or type(value) is list) and value and key != "custom_attributes":
                _walk(value, changes)
    if type(object_type) is str and object_type in changes:
        for change in changes[object_type]:
            change(tree)


# The modules register their changes on import.
from sayso.intercom.versions import v2_10, v2_11, v2_12, v2_14, v2_16, preview  # noqa: E402, F401, I001
