"""Tags: words of a workspace's own that contacts and companies are marked with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True, slots=True)
class Tags:
    """A workspace's live tags by id, in the order of their numbers. It never changes: `after` makes another.

    `last` is the greatest number that a tag ever had: a greater one belongs to a tag that was made since.
    """

    by_id: dict[str, Tag] = field(default_factory=dict)
    last: int = 0
    _by_name: dict[str, Tag] = field(default_factory=dict)

    def named(self, name: str) -> Tag | None:
        """The tag with a name. Names that differ only in case are the same."""
        return self._by_name.get(_key(name))

    def is_gone(self, tag_id: str) -> bool:
        """Whether the tag with this id was deleted. Contacts and companies may still name it."""
        return tag_id not in self.by_id and tag_id.isdecimal() and len(tag_id) < 20 and int(tag_id) <= self.last

    def live(self, tag_ids: Sequence[str]) -> Sequence[str]:
        """These ids without those of deleted tags."""
        if all(map(self.by_id.__contains__, tag_ids)):
            return tag_ids
        return [tag_id for tag_id in tag_ids if not self.is_gone(tag_id)]

    def after(self, changed: Iterable[Tag], last: int = 0) -> Tags:
        """These tags with the ones that changed, in any state. Costs two copies of a dictionary and what changed."""
        by_id, by_name, greatest, in_order = self.by_id.copy(), self._by_name.copy(), self.last, True
        for tag in changed:
            before, number = by_id.get(tag.id), int(tag.id)
            in_order = in_order and (before is not None or number > greatest)
            greatest = max(greatest, number)
            # Another tag may have taken the name in the meantime.
            if before is not None and by_name.get(_key(before.name)) is before:
                del by_name[_key(before.name)]
            if tag.state is TagState.LIVE:
                by_id[tag.id] = by_name[_key(tag.name)] = tag
            else:
                by_id.pop(tag.id, None)
        if not in_order:
            by_id = dict(sorted(by_id.items(), key=lambda item: int(item[0])))
        return Tags(by_id, max(greatest, last), by_name)


def create(workspace_id: str, name: str, known: Tags, now: int) -> TagChange | None:
    """Decide a tag with this name and the next number; None when there is one. Raises Invalid."""
    name = _checked(name)
    if known.named(name) is not None:
        return None
    if len(known.by_id) >= TAG_LIMIT:
        raise Invalid(f"a workspace has at most {TAG_LIMIT} tags")
    return TagChange(None, Tag(workspace_id, str(known.last + 1), name, TagState.LIVE, 1, now, now))


def rename(before: Tag, name: str, known: Tags, now: int) -> TagChange | None:
    """Decide another name; None when it has it. Raises Invalid, and Conflict where the name is another tag's."""
    name = _checked(name)
    if name == before.name:
        return None
    holder = known.named(name)
    if holder is not None and holder.id != before.id:
        raise Conflict(f"A tag with this name already exists with id={holder.id}")
    return _after(before, now, name=name)


def delete(before: Tag, now: int) -> TagChange:
    """Decide a deletion: from then on nobody has the tag."""
    return _after(before, now, name="", state=TagState.DELETED)


def _after(before: Tag, now: int, **changed: str) -> TagChange:
    after = replace(before, revision=before.revision + 1, updated_at=max(now, before.updated_at), **changed)  # type: ignore[arg-type]
    return TagChange(before, after)


def _key(name: str) -> str:
    return name.strip().casefold()


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LIMIT or "\0" in name:
        raise Invalid(f"a tag's name has 1 to {NAME_LIMIT} characters, none of them NUL", "name")
    return name
