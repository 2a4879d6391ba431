"""Activities of contacts."""

from __future__ import annotations

import re

from sayso.domain.errors import WrongCursor
from sayso.domain.paging import size
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.contact_activity import ActivityPages, ContactActivity, ContactActivityList, NextActivities

PER_PAGE, MOST_PER_PAGE = 50, 150

# An activity's id, or the beginning of one, where a page ends that stopped between two.
_CURSOR = re.compile("[0-9a-f]{16}(?:[0-9a-f]{16})?")


async def list_all(call: Call) -> Response:
    """A page of what became of contacts, the oldest first. Preview alone."""
    query = call.request.query
    per_page = size(query.get("per_page", str(PER_PAGE)), "per_page", MOST_PER_PAGE)
    after = query.get("starting_after", "")
    if after and not _CURSOR.fullmatch(after):
        raise WrongCursor("starting_after must be what a page before gave", "starting_after")
    found = await call.region.activities.page(call.workspace_id, after, per_page)
    following = None if found.following is None else NextActivities(found.following)
    activities = [ContactActivity.of(activity) for activity in found.activities]
    return call.reply(ContactActivityList(activities, ActivityPages(per_page, following)))
