"""Tags: words of a workspace's own that contacts and companies are marked with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from sayso.domain.errors import Conflict, Invalid

NAME_LIMIT = 255

#: All of a workspace's tags are kept in process.
TAG_LIMIT = 10_000


class TagState(StrEnum):
    """Of a `deleted` tag only its number is kept, which no other tag gets: contacts may name it for long after."""

    __hash__ = str.__hash__

    LIVE = "live"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Tag:
    """Its id is a decimal number. Times in ms."""

    workspace_id: str
    id: str
    name: str
    state: TagState
    revision: int
    created_at: int
    updated_at: int


class TagChange(NamedTuple):
    """What a tag was, None for a new one, and what it becomes."""

    before: Tag | None
    after: Tag


def named(name: str, known: Iterable[Tag]) -> Tag | None:
    """The tag of a name: case does not tell two names apart."""
    key = name.strip().casefold()
    return next((tag for tag in known if tag.name.casefold() == key), None)


def create(workspace_id: str, tag_id: str, name: str, known: Iterable[Tag], now: int) -> TagChange | None:
    """Decide a tag of this name beside the live ones; None when there is one. Raises Invalid."""
    known = list(known)
    name = _checked(name)
    if named(name, known) is not None:
        return None
    if len(known) >= TAG_LIMIT:
        raise Invalid(f"a workspace has at most {TAG_LIMIT} tags")
    return TagChange(None, Tag(workspace_id, tag_id, name, TagState.LIVE, 1, now, now))


def rename(before: Tag, name: str, known: Iterable[Tag], now: int) -> TagChange | None:
    """Decide another name; None when it has it. Raises Invalid, and Conflict where the name is another tag's."""
    name = _checked(name)
    if name == before.name:
        return None
    holder = named(name, known)
    if holder is not None and holder.id != before.id:
        raise Conflict(f"A tag with this name already exists with id={holder.id}")
    return _after(before, now, name=name)


def delete(before: Tag, now: int) -> TagChange:
    """Decide a deletion: from then on nobody has the tag."""
    return _after(before, now, name="", state=TagState.DELETED)


def _after(before: Tag, now: int, **changed: str) -> TagChange:
    after = replace(before, revision=before.revision + 1, updated_at=max(now, before.updated_at), **changed)  # type: ignore[arg-type]
    return TagChange(before, after)


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LIMIT or "\0" in name:
        raise Invalid(f"a tag's name has 1 to {NAME_LIMIT} characters, none of them NUL", "name")
    return name
