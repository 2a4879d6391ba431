"""Contacts: people or addresses we may message, and what may happen to them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sayso.domain.act import Act
from sayso.domain.address import check_email, normalize_email, trim
from sayso.domain.age import is_within
from sayso.domain.data_event import DataEventRow
from sayso.domain.errors import ContactNotFound, DuplicateContact, Invalid, Missing, RoleFixed, shown
from sayso.domain.ledger import Chain, Entry, apply, channel_entry
from sayso.domain.links import UNLINKED, LinkRow, Links, Membership, Tagging
from sayso.domain.second import check_second
from sayso.domain.standing import Standing
from sayso.domain.subscription_type import Channel, SubscriptionType

#: Kinds of events that are listed as activities; those of merges are in `merge`. They are stored: do not rename them.
CREATED = "contact.created"
LEAD_CREATED = "contact.lead_created"
ROLE_UPDATED = "contact.role_updated"
DELETED = "contact.deleted"

#: How long the identifiers of a deleted contact stay taken, in ms: 7 days.
CLAIM_GRACE = 7 * 24 * 3600 * 1000


class Role(StrEnum):
    __hash__ = str.__hash__

    USER = "user"
    LEAD = "lead"


class ContactState(StrEnum):
    __hash__ = str.__hash__

    LIVE = "live"
    ARCHIVED = "archived"
    BLOCKED = "blocked"
    MERGED = "merged"
    DELETED = "deleted"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept of such a contact but its ledger."""
        return self in {ContactState.DELETED, ContactState.MERGED}


class Profile(NamedTuple):
    """What a contact is known by. Times are in seconds, as clients give them.

    `email_verified` is what somebody said of the address; `merged_into` names the contact that has this one's now.
    `shares_email`: another user claims the same email, from when the two were not yet known to be the same.
    """

    role: Role
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    avatar: str | None = None
    owner_id: str | None = None
    signed_up_at: int | None = None
    last_seen_at: int | None = None
    language_override: str | None = None
    email_verified: bool | None = None
    merged_into: str | None = None
    shares_email: bool = False
    custom_attributes: Mapping[str, Any] = {}

    def identifiers(self) -> dict[str, str]:
        """What the contact claims, by kind, in the form compared. Leads share theirs freely."""
        if self.role is Role.LEAD:
            return {}
        email = None if self.shares_email else self.email and normalize_email(self.email)
        held = {"email": email, "external_id": self.external_id}
        return {kind: value for kind, value in held.items() if value}


class Head(NamedTuple):
    """What a decision needs of a contact's row. `revision` is 0 before the row exists; times in ms."""

    workspace_id: str
    id: str
    state: ContactState
    revision: int
    updated_at: int
    chain: Chain
    standing: Standing

    def after(self, act: Act, chain: Chain, standing: Standing) -> Head:
        """The row one change later; its time never goes back."""
        workspace_id, id_, state, revision, updated_at, *_ = self
        return Head(workspace_id, id_, state, revision + 1, max(act.at, updated_at), chain, standing)


class Contact(NamedTuple):
    head: Head
    profile: Profile
    created_at: int
    links: Links = UNLINKED

    @property
    def id(self) -> str:
        return self.head.id

    def after(self, change: Change) -> Contact:
        """The contact once a change of it is written."""
        profile, links = change.profile or self.profile, change.links or self.links
        return Contact(change.after, profile, self.created_at, links)


class Claim(NamedTuple):
    """Who holds an identifier. `at` is when the holder got it or lost its right to it, in ms."""

    kind: str
    value: str
    contact_id: str
    state: ContactState
    at: int

    def is_free(self, now: int) -> bool:
        return self.state is ContactState.DELETED and not is_within(CLAIM_GRACE, self.at, now)


class ClaimChanges(NamedTuple):
    """`take`: (kind, value, the expired claim it replaces); `release`: claims to give up; `mark`: claims that stay,
    with a new state."""

    take: tuple[tuple[str, str, Claim | None], ...] = ()
    release: tuple[Claim, ...] = ()
    mark: tuple[Claim, ...] = ()


#: What most changes do to claims: nothing.
UNCLAIMED = ClaimChanges()


class Change(NamedTuple):
    """What a decision comes to, as a value: storage writes all of it or nothing.

    `before` is what the swap guards on; `profile` and `links` are None when they stay as they are, `created_at` is set
    for a new contact alone; `decided_on` is the type whose revision must still be current. `put` and `drop` are the
    rows of links to write and to remove, `told` those of data events; a contact that is empty keeps none.
    `joined` are the companies that must still be live. `absorbs` is the contact whose notes and data events become
    this one's. There may be any number of them, so storage moves them, and nobody reads them to decide.
    `former_role` is the contact's role before a change that writes its profile. `former_companies` are its companies
    before a change of its state or its links; None for all other changes.
    """

    act: Act
    kind: str
    before: Head
    after: Head
    entries: tuple[Entry, ...] = ()
    profile: Profile | None = None
    created_at: int | None = None
    claims: ClaimChanges = UNCLAIMED
    decided_on: SubscriptionType | None = None
    links: Links | None = None
    put: tuple[LinkRow, ...] = ()
    drop: tuple[Tagging | Membership, ...] = ()
    told: tuple[DataEventRow, ...] = ()
    joined: tuple[str, ...] = ()
    absorbs: str | None = None
    former_role: Role | None = None
    former_companies: tuple[str, ...] | None = None


class ContactDraft(NamedTuple):
    """A profile somebody asks for, and whether all email shall stop (None: as it is)."""

    profile: Profile
    unsubscribed_from_emails: bool | None = None


def create(head: Head, draft: ContactDraft, claims: Mapping[str, Claim], act: Act) -> Change:
    """Decide a new contact. `claims` are the present holders of its identifiers, by kind.

    Raises Missing, Invalid, DuplicateContact.
    """
    profile = _trimmed(draft.profile)
    _check(profile)
    wanted = profile.identifiers()
    entries, chain, standing = _mail_stop(head, draft.unsubscribed_from_emails, act)
    return Change(
        act=act,
        kind=CREATED if profile.role is Role.USER else LEAD_CREATED,
        before=head,
        after=head.after(act, chain, standing),
        entries=entries,
        profile=profile,
        created_at=act.at,
        claims=ClaimChanges(take=_take(head.id, wanted, claims, act.at)),
    )


def update(contact: Contact, draft: ContactDraft, claims: Mapping[str, Claim], act: Act) -> Change | None:
    """Decide a change of a contact; None when nothing would change. `claims` are those on `identifiers_wanted`, the
    contact's own too.

    Raises RoleFixed, Missing, Invalid, DuplicateContact.
    """
    profile = _claiming(contact, _trimmed(draft.profile, contact.profile), claims, act.at)
    if contact.profile.role is Role.USER and profile.role is Role.LEAD:
        raise RoleFixed("a user cannot become a lead")
    _check(profile)
    entries, chain, standing = _mail_stop(contact.head, draft.unsubscribed_from_emails, act)
    if profile == contact.profile and not entries:
        return None
    held, wanted = contact.profile.identifiers(), profile.identifiers()
    gone = (kind for kind, value in held.items() if wanted.get(kind) != value)
    return Change(
        act=act,
        kind="contact.updated" if profile.role is contact.profile.role else ROLE_UPDATED,
        before=contact.head,
        after=contact.head.after(act, chain, standing),
        entries=entries,
        profile=profile,
        claims=ClaimChanges(
            take=_take(contact.id, wanted, claims, act.at),
            release=tuple(own_claim(contact, kind, held[kind], ContactState.LIVE, act.at) for kind in gone),
        ),
        former_role=contact.profile.role,
    )


def identifiers_wanted(profile: Profile) -> dict[str, str]:
    """What a contact would claim if nobody else did."""
    return profile._replace(shares_email=False).identifiers()


def _trimmed(wanted: Profile, before: Profile | None = None) -> Profile:
    """A profile with new addresses as they are kept. One that the contact has already stays as it is, even if it would
    be refused today. Raises Invalid."""
    email, phone = wanted.email, wanted.phone
    if email is not None and (before is None or email != before.email):
        email = trim(email)
        check_email(email)
    if phone is not None and (before is None or phone != before.phone):
        phone = trim(phone)
    return wanted if (email, phone) == (wanted.email, wanted.phone) else wanted._replace(email=email, phone=phone)


def _claiming(contact: Contact, wanted: Profile, claims: Mapping[str, Claim], now: int) -> Profile:
    """A user that shares its email claims it as soon as nobody else does, and any other email like every user."""
    if not wanted.shares_email:
        return wanted
    claim, email = claims.get("email"), identifiers_wanted(wanted).get("email")
    is_held = claim is not None and not claim.is_free(now)
    if is_held and email == identifiers_wanted(contact.profile).get("email"):
        return wanted
    return wanted._replace(shares_email=False)


def delete(contact: Contact, act: Act) -> Change:
    """Decide a deletion: the profile goes at once, the identifiers stay claimed for a week, the ledger stays.

    An archived contact is deleted as a live one is. Raises ContactNotFound.
    """
    if contact.head.state not in (ContactState.LIVE, ContactState.ARCHIVED):
        raise ContactNotFound("there is no such contact")
    after = contact.head.after(act, contact.head.chain, contact.head.standing)
    marks = (
        own_claim(contact, kind, value, ContactState.DELETED, act.at)
        for kind, value in sorted(contact.profile.identifiers().items())
    )
    return Change(
        act=act,
        kind=DELETED,
        before=contact.head,
        after=after._replace(state=ContactState.DELETED),
        profile=Profile(contact.profile.role),
        claims=ClaimChanges(mark=tuple(marks)),
        links=UNLINKED,
        former_role=contact.profile.role,
        former_companies=contact.links.companies,
    )


def linked(
    contact: Contact,
    kind: str,
    links: Links,
    act: Act,
    put: tuple[LinkRow, ...] = (),
    drop: tuple[Tagging | Membership, ...] = (),
) -> Change:
    """The change that gives a contact other links; of the rows to drop, their ids alone count."""
    head = contact.head
    after = head.after(act, head.chain, head.standing)
    return Change(act, kind, head, after, links=links, put=put, drop=drop, former_companies=contact.links.companies)


def own_claim(contact: Contact, kind: str, value: str, state: ContactState, at: int) -> Claim:
    return Claim(kind, value, contact.id, state, at)


def _take(
    contact_id: str, wanted: Mapping[str, str], claims: Mapping[str, Claim], now: int
) -> tuple[tuple[str, str, Claim | None], ...]:
    taken = []
    for kind, value in sorted(wanted.items()):
        claim = claims.get(kind)
        if claim is not None and claim.contact_id == contact_id:
            continue
        if claim is not None and not claim.is_free(now):
            raise DuplicateContact(claim.contact_id, archived=claim.state is not ContactState.LIVE)
        taken.append((kind, value, claim))
    return tuple(taken)


def _mail_stop(head: Head, stopped: bool | None, act: Act) -> tuple[tuple[Entry, ...], Chain, Standing]:
    if stopped is None or stopped == (Channel.EMAIL in head.standing.stops):
        return (), head.chain, head.standing
    entry = channel_entry(head.chain, act, Channel.EMAIL, stopped=stopped, not_before=head.updated_at)
    return (entry,), head.chain.follow(entry), apply(head.standing, entry)


TEXT_LIMITS = {
    "external_id": 255,
    "email": 254,
    "phone": 64,
    "name": 1_024,
    "avatar": 2_048,
    "language_override": 35,
}
ATTRIBUTE_LIMIT = 250
ATTRIBUTE_TEXT_LIMIT = 4_096
_INTEGER_LIMIT = 2**53


def _check(profile: Profile) -> None:
    if profile.role is Role.USER and not (profile.email or profile.external_id):
        raise Missing("a user needs an email or an external_id", "email")
    for name, limit in TEXT_LIMITS.items():
        value = getattr(profile, name)
        if value is not None and len(value) > limit:
            raise Invalid(f"{name} has at most {limit} characters", name)
        if value is not None and "\0" in value:
            raise Invalid(f"{name} must not hold a NUL character", name)
    if profile.email is not None and "@" not in profile.email:
        raise Invalid("email must be an email address", "email")
    for name in ("signed_up_at", "last_seen_at"):
        value = getattr(profile, name)
        if value is not None:
            check_second(value, name)
    check_attributes(profile.custom_attributes)


def check_attributes(attributes: Mapping[str, Any]) -> None:
    if len(attributes) > ATTRIBUTE_LIMIT:
        raise Invalid(f"there are at most {ATTRIBUTE_LIMIT} custom attributes", "custom_attributes")
    for name, value in attributes.items():
        if not 0 < len(name) <= 190 or "\0" in name:
            raise Invalid("a custom attribute's name has 1 to 190 characters, none of them NUL", "custom_attributes")
        fault = _attribute_fault(value)
        if fault:
            raise Invalid(f"Custom attribute '{shown(name)}' {fault}", "custom_attributes")


def _attribute_fault(value: Any) -> str:
    if isinstance(value, str) and len(value) > ATTRIBUTE_TEXT_LIMIT:
        return f"has at most {ATTRIBUTE_TEXT_LIMIT} characters"
    if isinstance(value, str) and "\0" in value:
        return "must not hold a NUL character"
    if isinstance(value, (list, dict)):
        return "must be a string, a number, a boolean or null"
    if isinstance(value, int) and abs(value) > _INTEGER_LIMIT:
        return "must be a number of at most 53 bits"
    return ""
