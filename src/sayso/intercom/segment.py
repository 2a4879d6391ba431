"""Segments: list, find, and those of a contact."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.segment import ContactSegmentList, Segment, SegmentList


async def list_all(call: Call) -> Response:
    """The built-in segments: all users, all leads, and users who are new, active or slipping away. With
    `include_count` each says how many are in it now."""
    workspace = call.snapshot.workspace
    if call.request.query.get("type", "").lower() == "company":
        # Segments are of people.
        return call.reply(SegmentList([]))
    found = await call.region.segments.all(workspace, counted=call.asks_for("include_count"))
    return call.reply(SegmentList([Segment.of(one, workspace) for one in found]))


async def find(call: Call) -> Response:
    """One segment."""
    workspace = call.snapshot.workspace
    found = await call.region.segments.find(workspace, call.parameters[0], counted=call.asks_for("include_count"))
    return call.reply(Segment.of(found, workspace))


async def list_of_contact(call: Call) -> Response:
    """The segments that a contact is in now."""
    workspace = call.snapshot.workspace
    found = await call.region.segments.of_contact(workspace, call.parameters[0])
    return call.reply(ContactSegmentList([Segment.of(one, workspace) for one in found]))
