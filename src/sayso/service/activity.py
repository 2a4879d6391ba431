"""Activities of contacts, page by page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sayso.domain.activity import Activity, ActivityEvent, describe
from sayso.domain.merge import MERGED_AWAY
from sayso.service.ports import Clock, Store

#: How old an activity is when it is first told, in ms. An act has its id before it is written, so a later one may be
#: there first, and whoever goes on after that would miss the earlier one. Twice as long as a request may take.
DELAY = 10_000

#: So many digits of an act's id are its time and its number within a millisecond.
_TIME_DIGITS = 16


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """`following` is what the next page begins after; None on the last."""

    activities: list[Activity]
    following: str | None


class ActivityService:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(self, workspace_id: str, after: str, limit: int) -> ActivityPage:
        """The oldest activities after one, named by its id, or after what a page before gave; all with `""`.

        A page costs the same however many events there are, so it may have fewer than `limit`, or none, and still lead
        to a next one. Raises Unavailable.
        """
        before = f"{max(0, self._clock() - DELAY):012x}"
        events, upto = await self._store.activity.read(workspace_id, after, before, limit + 1)
        shown, following = events[:limit], None
        if len(events) > limit:
            following = shown[-1].act
        elif upto is not None:
            following = _place(upto, after, shown[-1].act if shown else "")
        activities = await asyncio.gather(*(self._described(workspace_id, event) for event in shown))
        return ActivityPage(activities, following)

    async def _described(self, workspace_id: str, event: ActivityEvent) -> Activity:
        find = self._store.contact.find
        contact = await find(workspace_id, event.contact_id)
        target_id = contact.profile.merged_into if contact and event.kind == MERGED_AWAY else None
        return describe(event, contact, await find(workspace_id, target_id) if target_id else None)


def _place(upto: str, after: str, last: str) -> str:
    """Where the next page begins: farther on than this one, and after its last activity, "" where it has none. Not an
    act of another workspace, which `upto` may be, but its time."""
    time = upto[:_TIME_DIGITS]
    return time if time > max(after, last) else last or upto
