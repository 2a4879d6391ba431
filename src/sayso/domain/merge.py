"""Merging two contacts: a lead, or in Preview a user, turns out to be somebody who is a user already.

The user survives, with all that was the other's. Of consent nothing is lost and nothing invented: for each type the
greater of the two choices stands, stops add up, and what changes by that is an entry each in the survivor's chain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sayso.domain.act import Act
from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.contact import (
    Change,
    Claim,
    ClaimChanges,
    Contact,
    ContactState,
    Head,
    Profile,
    Role,
    identifiers_wanted,
    own_claim,
)
from sayso.domain.errors import Invalid, NotDuplicates
from sayso.domain.ledger import Chain, Entry, apply, channel_entry, merge_entry, type_entry
from sayso.domain.links import NEWEST, UNLINKED, LinkRow, LinkRows, Links, Membership, MergeRecord, NoteList
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, TypeId

#: What a choice weighs beside another one about the same type: the heavier one stands.
WEIGHT = {Choice.NONE: 0, Choice.PENDING: 1, Choice.GRANTED: 2, Choice.REFUSED: 3, Choice.WITHDRAWN: 4}


#: The role of what is merged, and of what it is merged into.
Roles: TypeAlias = tuple[Role, Role]

#: The kind of the change of the contact that is merged into another one. Events keep it as it is here.
MERGED_AWAY = "contact.merged_away"

#: A claim taken: its kind, its value, and the claim that it replaces.
Taken: TypeAlias = tuple[str, str, Claim | None]

LEADS_INTO_USERS: frozenset[Roles] = frozenset({(Role.LEAD, Role.USER)})
ANY_INTO_USERS: frozenset[Roles] = LEADS_INTO_USERS | {(Role.USER, Role.USER)}


class Merge(NamedTuple):
    """The two changes that a merge comes to; storage writes both or neither."""

    survivor: Change
    gone: Change


def check(
    into: Contact, source: Contact, *, duplicates_only: bool, roles: Collection[Roles] = LEADS_INTO_USERS
) -> None:
    """Whether a contact may be merged into another one; `roles` are the pairs that may.

    Raises Invalid, NotDuplicates.
    """
    if source.profile.role not in {role for role, _ in roles}:
        raise Invalid("from must be a lead", "from")
    if (source.profile.role, into.profile.role) not in roles:
        raise Invalid("into must be a user", "into")
    if duplicates_only and not _alike(into.profile, source.profile):
        raise NotDuplicates(
            "Contacts can only be merged when they are duplicates (matching email or phone). "
            "Pass skip_duplicate_validation=true to override this check."
        )


def filled(into: Profile, source: Profile) -> Profile:
    """The survivor's profile: its own, and the source's where it has nothing.

    A lead's external_id does not come along: the server made it up, and nobody is known by it.
    """
    names = _FILLED if source.role is Role.LEAD else (*_FILLED, "external_id")
    gained = {name: theirs for name in names if getattr(into, name) is None and (theirs := getattr(source, name))}
    seen = [at for at in (into.last_seen_at, source.last_seen_at) if at is not None]
    own = {name: value for name, value in into.custom_attributes.items() if value is not None}
    attributes = {**into.custom_attributes, **source.custom_attributes, **own}
    return into._replace(**gained, last_seen_at=max(seen, default=None), custom_attributes=attributes)


def merge(
    into: Contact,
    source: Contact,
    rows: tuple[LinkRows, LinkRows],
    claims: Mapping[str, Claim],
    acts: Sequence[Act],
) -> Merge:
    """Decide a merge. `rows` are those of both's links, the source's without companies that are deleted, and of the
    notes at least the newest; `claims` the present holders of what `filled` is known by.

    `acts` has `acts_needed`, the first of them the act itself.
    """
    act, head = acts[0], into.head
    entries, chain, standing = _consent(head, source.head.standing, acts)
    profile, taken = _known_by(into, source, claims, act.at)
    gained = tuple(_new(into.links, rows[1]))
    survivor = Change(
        act=act,
        kind="contact.merged",
        before=head,
        after=head.after(act, chain, standing),
        entries=entries,
        profile=profile,
        claims=ClaimChanges(take=taken),
        links=_linked(into.links, source.links, rows),
        put=(*gained, MergeRecord(source.id, source.profile.role, act.at)),
        absorbs=source.id,
        # In one order, so that no two merges wait for each other.
        joined=tuple(sorted(row.company_id for row in gained if isinstance(row, Membership))),
        former_role=into.profile.role,
        former_companies=into.links.companies,
    )
    return Merge(survivor, _gone(source, into.id, act, taken))


def acts_needed(source: Standing) -> int:
    """How many entries a merge of such a source writes at most in the survivor's chain, one act each."""
    return 1 + len(source.choices) + len(source.stops)


def _gone(source: Contact, into: str, act: Act, taken: Sequence[Taken]) -> Change:
    """What becomes of the source. Its identifiers that the survivor does not take are free for others."""
    kept = {(kind, value) for kind, value, _ in taken}
    held = sorted(source.profile.identifiers().items())
    entry = merge_entry(source.head.chain, act, not_before=source.head.updated_at)
    after = source.head.after(act, source.head.chain.follow(entry), source.head.standing)
    return Change(
        act=act,
        kind=MERGED_AWAY,
        before=source.head,
        after=after._replace(state=ContactState.MERGED),
        entries=(entry,),
        profile=Profile(source.profile.role, merged_into=into),
        claims=ClaimChanges(
            release=tuple(own_claim(source, *claim, ContactState.LIVE, act.at) for claim in held if claim not in kept)
        ),
        links=UNLINKED,
        former_role=source.profile.role,
        former_companies=source.links.companies,
    )


_FILLED = ("email", "phone", "name", "avatar", "owner_id", "signed_up_at", "language_override")


def _alike(into: Profile, source: Profile) -> bool:
    mail = [normalize_email(profile.email) for profile in (into, source) if profile.email]
    phone = [normalize_phone(profile.phone) for profile in (into, source) if profile.phone]
    return any(len(both) == 2 and both[0] == both[1] for both in (mail, phone))


def _known_by(
    into: Contact, source: Contact, claims: Mapping[str, Claim], now: int
) -> tuple[Profile, tuple[Taken, ...]]:
    """The survivor's profile and the claims it takes. An identifier that a third contact has, even one who is archived,
    does not come along."""
    profile, taken = filled(into.profile, source.profile), []
    held = into.profile.identifiers()
    for kind, value in sorted(identifiers_wanted(profile).items()):
        holder = claims.get(kind)
        if held.get(kind) == value:
            continue
        if holder is not None and holder.contact_id != source.id and not holder.is_free(now):
            profile = profile._replace(**{kind: getattr(into.profile, kind)})
            continue
        taken.append((kind, value, holder))
        if kind == "email":
            profile = profile._replace(shares_email=False)
    return profile, tuple(taken)


def _consent(into: Head, source: Standing, acts: Sequence[Act]) -> tuple[tuple[Entry, ...], Chain, Standing]:
    chain, standing, since = into.chain, into.standing, into.updated_at
    entries = [merge_entry(chain, acts[0], not_before=since)]
    chain = chain.follow(entries[0])
    for act, what in zip(acts[1:], _gained(standing, source), strict=False):
        entry = (
            channel_entry(chain, act, what, stopped=True, not_before=since)
            if isinstance(what, Channel)
            else type_entry(chain, act, what[1], what[0], None, not_before=since)
        )
        entries.append(entry)
        chain, standing = chain.follow(entry), apply(standing, entry)
    return tuple(entries), chain, standing


def _gained(standing: Standing, source: Standing) -> Iterator[tuple[TypeId, Choice] | Channel]:
    """What the source's choices change in the survivor's."""
    for type_id, choice in source.choices:
        if WEIGHT[choice] > WEIGHT[standing.of(type_id)]:
            yield type_id, choice
    for channel in source.stops:
        if channel not in standing.stops:
            yield channel


def _linked(into: Links, source: Links, rows: tuple[LinkRows, LinkRows]) -> Links:
    notes = sorted((*rows[0].notes, *rows[1].notes), key=lambda note: (note.created_at, int(note.id)), reverse=True)
    newest = tuple(note.id for note in notes[:NEWEST])
    kept = {membership.company_id for membership in rows[1].companies}
    return Links(
        tuple(dict.fromkeys(into.tags + source.tags)),
        tuple(dict.fromkeys((*into.companies, *(company for company in source.companies if company in kept)))),
        NoteList(into.notes.total + source.notes.total, newest),
    )


def _new(into: Links, rows: LinkRows) -> Iterator[LinkRow]:
    """The source's tags and companies that the survivor has not."""
    yield from (tagging for tagging in rows.tags if tagging.tag_id not in into.tags)
    yield from (membership for membership in rows.companies if membership.company_id not in into.companies)
