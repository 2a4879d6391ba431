"""Contacts put away: archived and brought back, or blocked. What they are known by stays theirs meanwhile."""

from __future__ import annotations

from sayso.domain.act import Act
from sayso.domain.contact import Change, ClaimChanges, Contact, ContactState, own_claim
from sayso.domain.errors import ContactBlocked, ContactNotFound, NotRestorable


def archive(contact: Contact, act: Act) -> Change:
    """Decide that a contact is not there until it is brought back."""
    return _moved(contact, "contact.archived", ContactState.ARCHIVED, act)


def block(contact: Contact, act: Act) -> Change:
    """Decide that a contact is not there any more, and cannot come back as itself."""
    return _moved(contact, "contact.blocked", ContactState.BLOCKED, act)


def unarchive(contact: Contact, act: Act) -> Change | None:
    """Decide that an archived contact is there again, as it was; None when it was never away.

    Raises ContactNotFound, NotRestorable.
    """
    match contact.head.state:
        case ContactState.LIVE:
            return None
        case ContactState.ARCHIVED:
            return _moved(contact, "contact.unarchived", ContactState.LIVE, act)
        case ContactState.BLOCKED:
            raise ContactBlocked("User has been blocked and is not restorable.")
        case ContactState.DELETED:
            raise NotRestorable("User has been marked for permanent deletion and is not restorable.")
    raise ContactNotFound("the contact was merged into another one")


def _moved(contact: Contact, kind: str, state: ContactState, act: Act) -> Change:
    head = contact.head
    held = sorted(contact.profile.identifiers().items())
    return Change(
        act=act,
        kind=kind,
        before=head,
        after=head.after(act, head.chain, head.standing)._replace(state=state),
        profile=contact.profile,
        claims=ClaimChanges(mark=tuple(own_claim(contact, *claim, state, act.at) for claim in held)),
        former_role=contact.profile.role,
        former_companies=contact.links.companies,
    )
