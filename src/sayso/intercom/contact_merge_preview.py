"""What a merge would do, told without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from sayso.domain.contact import Contact, Role
from sayso.domain.errors import Invalid, NotDuplicates
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Channel
from sayso.http.response import Response
from sayso.intercom.attached import attached
from sayso.intercom.call import Call
from sayso.intercom.contact_merge import apply
from sayso.intercom.shapes.contact_merge import (
    AllowedMerge,
    BlockedMerge,
    MergedField,
    MergedFields,
    MergeReason,
    MergeSummary,
    Reassigned,
    Reassignments,
)
from sayso.service.merge import LISTED, Preview

_ROLES = MergeReason(
    "invalid_merge_role_pair",
    "from and into must name two contacts: from a lead (in Preview a user, too), into a user.",
)
_STRANGERS = MergeReason(
    "no_shared_identifier",
    "These contacts share neither an email nor a phone. "
    "Set skip_duplicate_validation to true to preview the merge anyway.",
)

_FIELDS = ("email", "phone", "name", "avatar", "owner_id", "signed_up_at", "last_seen_at", "language_override")


async def preview(call: Call) -> Response:
    """Whether a lead can be merged into a user, and what that would change: nothing is written. A lead's own
    `external_id`, which the server gave it, is not told."""
    # What is wrong with the body is an error; what speaks against the merge is an answer.
    preview = apply(call, call.region.merges.preview)
    try:
        found = await preview
    except NotDuplicates:
        return call.reply(BlockedMerge(reasons=[_STRANGERS]))
    except Invalid:
        return call.reply(BlockedMerge(reasons=[_ROLES]))
    changes = list(_changes(call, found))
    summary = MergeSummary(MergedFields(changes[:LISTED], len(changes)), _reassigned(call, found))
    return call.reply(AllowedMerge(summary=summary))


def _changes(call: Call, found: Preview) -> Iterator[MergedField]:
    source, into, after = found.source.profile, found.into.profile, found.after.profile
    # A lead's external_id is the server's.
    for name in _FIELDS if source.role is Role.LEAD else ("external_id", *_FIELDS):
        yield from _change(name, getattr(source, name), getattr(into, name), getattr(after, name))
    for name, value in source.custom_attributes.items():
        held, new = into.custom_attributes.get(name), after.custom_attributes.get(name)
        yield from _change(f"custom_attributes.{name}", value, held, new)
    if found.into.links.companies != found.after.links.companies:
        yield _merged("companies", *(_companies(found, one) for one in (found.source, found.into, found.after)))
    stops = [Channel.EMAIL in one.head.standing.stops for one in (found.source, found.into, found.after)]
    if stops[1] != stops[2]:
        yield MergedField("unsubscribed_from_emails", "adopted", *stops)
    for name, is_in in (("opted_out_subscription_types", False), ("opted_in_subscription_types", True)):
        lists = [_types(call, one, is_in=is_in) for one in (found.source, found.into, found.after)]
        if sorted(lists[1]) != sorted(lists[2]):
            yield _merged(name, *lists)


def _change(name: str, source: Any, into: Any, new: Any) -> Iterator[MergedField]:
    """Nothing where the source has no value, or the same."""
    if source is None or source == into:
        return
    held = UNSET if into is None else into
    yield MergedField(name, "adopted" if source == new else "discarded", source, held, new)


def _merged(name: str, source: list[str], into: list[str], new: list[str]) -> MergedField:
    """Lists of names, as many of each as are shown."""
    return MergedField(name, "merged", source[:LISTED] or UNSET, into[:LISTED] or UNSET, new[:LISTED])


def _companies(found: Preview, contact: Contact) -> list[str]:
    shown = contact.links.companies[:LISTED]
    companies = (found.companies[id_].profile for id_ in shown if id_ in found.companies)
    return [profile.name or profile.external_id for profile in companies]


def _types(call: Call, contact: Contact, *, is_in: bool) -> list[str]:
    chosen = attached(contact.head.standing, call.types)
    return [type_.default_translation.name for type_, choice in chosen if (choice is Choice.GRANTED) is is_in]


def _reassigned(call: Call, found: Preview) -> Reassignments:
    moved = Reassignments()
    tags = [set(call.snapshot.tags.live(one.links.tags)) for one in (found.source, found.into)]
    if new := tags[0] - tags[1]:
        moved.tags = Reassigned(len(new), len(tags[1]))
    if notes := found.source.links.notes.total:
        moved.notes = Reassigned(notes, found.into.links.notes.total)
    return moved
