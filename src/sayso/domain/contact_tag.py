"""Tags of a contact."""

from __future__ import annotations

from sayso.domain.act import Act
from sayso.domain.contact import Change, Contact, linked
from sayso.domain.links import Tagging


def tag(contact: Contact, tag_id: str, applied_by: str, act: Act) -> Change | None:
    """Decide that a contact has a tag; None when it has it already."""
    links = contact.links
    if tag_id in links.tags:
        return None
    after = links._replace(tags=(*links.tags, tag_id))
    return linked(contact, "contact.tagged", after, act, put=(Tagging(tag_id, act.at, applied_by),))


def untag(contact: Contact, tag_id: str, act: Act) -> Change | None:
    """Decide that a contact does not have a tag; None when it has it not."""
    links = contact.links
    if tag_id not in links.tags:
        return None
    after = links._replace(tags=tuple(kept for kept in links.tags if kept != tag_id))
    return linked(contact, "contact.untagged", after, act, drop=(Tagging(tag_id, 0, ""),))
