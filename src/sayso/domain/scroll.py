"""Scrolls: a walk over all companies that needs no page numbers, one at a time in a workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sayso.domain.age import is_within
from sayso.domain.errors import ScrollExists, ScrollNotFound

#: For how long a scroll that nobody uses stays open, in ms.
UNUSED_FOR = 60_000

#: How many companies come at once.
PAGE = 100


@dataclass(frozen=True, slots=True)
class Scroll:
    """A workspace's open scroll: the id of the last company given, and when that was, in ms."""

    workspace_id: str
    id: str
    place: str
    used_at: int
    revision: int

    def is_open(self, now: int) -> bool:
        return is_within(UNUSED_FOR, self.used_at, now)


def begin(held: Scroll | None, workspace_id: str, scroll_id: str, now: int) -> Scroll:
    """Decide a new scroll. Raises ScrollExists while another one is open."""
    if held is not None and held.is_open(now):
        raise ScrollExists("scroll already exists for this workspace")
    return Scroll(workspace_id, scroll_id, "", now, 0)


def go_on(held: Scroll | None, scroll_id: str, now: int) -> Scroll:
    """The scroll that somebody goes on with. Raises ScrollNotFound when it is not open, or not any more."""
    if held is None or held.id != scroll_id or not held.is_open(now):
        raise ScrollNotFound("scroll parameter not found")
    return held


def moved(scroll: Scroll, place: str, now: int) -> Scroll:
    """The scroll after a page that ended at a company."""
    return replace(scroll, place=place, used_at=now, revision=scroll.revision + 1)
