"""Tags of a contact."""

from __future__ import annotations

from collections.abc import Collection

from sayso.domain.act import Act
from sayso.domain.contact import Change, Contact, linked
from sayso.domain.errors import Invalid
from sayso.domain.links import Tagging

#: They all stand on the contact's row.
TAGS_LIMIT = 1_000


def tag(contact: Contact, tag_id: str, applied_by: str, act: Act, gone: Collection[str] = ()) -> Change | None:
    """Decide that a contact has a tag; None when it has it already. `gone`: its tags that were deleted meanwhile.

    Raises Invalid on more tags than a contact may have.
    """
    links = contact.links
    if tag_id in links.tags:
        return None
    kept = tuple(known for known in links.tags if known not in gone)
    if len(kept) >= TAGS_LIMIT:
        raise Invalid(f"a contact has at most {TAGS_LIMIT} tags")
    dropped = tuple(Tagging(known, 0, "") for known in links.tags if known in gone)
    after = links._replace(tags=(*kept, tag_id))
    return linked(contact, "contact.tagged", after, act, put=(Tagging(tag_id, act.at, applied_by),), drop=dropped)


def untag(contact: Contact, tag_id: str, act: Act) -> Change | None:
    """Decide that a contact does not have a tag; None when it has it not."""
    links = contact.links
    if tag_id not in links.tags:
        return None
    after = links._replace(tags=tuple(kept for kept in links.tags if kept != tag_id))
    return linked(contact, "contact.untagged", after, act, drop=(Tagging(tag_id, 0, ""),))
