"""Scrolls: a walk over all companies that needs no page numbers, one at a time in a workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sayso.domain.age import is_within
from sayso.domain.errors import ScrollExists, ScrollNotFound

#: For how long a scroll that nobody uses stays open, in ms.
UNUSED_FOR = 60_000

#: How many companies come at once.
PAGE = 100

#: How often, within `UNUSED_FOR`, a scroll over no companies may begin before it is refused once. A client that only
#: stops at a 404 would begin such scrolls without end; one that polls every few seconds never gets there.
EMPTY_BEGINNINGS = 20


@dataclass(frozen=True, slots=True)
class Scroll:
    """A workspace's open scroll: the id of the last company given, and when that was, in ms.

    Without a place there were no companies: `revision` is then how many scrolls began in vain since `used_at`.
    """

    workspace_id: str
    id: str
    place: str
    used_at: int
    revision: int

    def is_open(self, now: int) -> bool:
        return is_within(UNUSED_FOR, self.used_at, now)


def begin(held: Scroll | None, workspace_id: str, scroll_id: str, now: int) -> Scroll:
    """Decide a new scroll. Raises ScrollExists while another one is open that has companies to give."""
    if held is not None and held.place and held.is_open(now):
        raise ScrollExists("scroll already exists for this workspace")
    return Scroll(workspace_id, scroll_id, "", now, 0)


def begin_in_vain(held: Scroll | None, begun: Scroll, now: int) -> Scroll | None:
    """Decide a new scroll where there are no companies. None: it began too often, and the count begins anew."""
    if held is None or held.place or not held.is_open(now):
        return replace(begun, revision=1)
    return replace(held, revision=held.revision + 1) if held.revision < EMPTY_BEGINNINGS else None


def go_on(held: Scroll | None, scroll_id: str, now: int) -> Scroll:
    """The scroll that somebody goes on with. Raises ScrollNotFound when it is not open, or not any more."""
    if held is None or held.id != scroll_id or not held.is_open(now):
        raise ScrollNotFound("scroll parameter not found")
    return held


def moved(scroll: Scroll, place: str, now: int) -> Scroll:
    """The scroll after a page that ended at a company."""
    return replace(scroll, place=place, used_at=now, revision=scroll.revision + 1)
