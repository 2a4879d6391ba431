"""The live contacts of each workspace in memory, in the order of lists."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict

from sayso.domain.contact import Contact, ContactState

Place = tuple[int, str]


class Living:
    """Places, (created_at in ms, id), kept in order: to sort all contacts for each page would be felt."""

    def __init__(self) -> None:
        self._places: defaultdict[str, list[Place]] = defaultdict(list)

    def follow(self, contact: Contact) -> None:
        """Heed what became of a contact."""
        places, place = self._places[contact.head.workspace_id], (contact.created_at, contact.id)
        at = bisect_left(places, place)
        there = places[at : at + 1] == [place]
        if contact.head.state is not ContactState.LIVE:
            del places[at : at + there]
        elif not there:
            places.insert(at, place)

    def after(self, workspace_id: str, place: Place | None, limit: int | None = None) -> list[Place]:
        places = self._places[workspace_id]
        start = bisect_right(places, place) if place else 0
        return places[start : None if limit is None else start + limit]
