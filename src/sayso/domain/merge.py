"""Merging two contacts: a lead turns out to be somebody who is a user already.

The user survives, with all that was the lead's. Of consent nothing is lost and nothing invented: for each type the
greater of the two choices stands, stops add up, and what changes by that is an entry each in the survivor's chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sayso.domain.act import Act
from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.contact import Change, Claim, ClaimChanges, Contact, ContactState, Head, Profile, Role
from sayso.domain.errors import Invalid, NotDuplicates
from sayso.domain.ledger import Chain, Entry, apply, channel_entry, merge_entry, type_entry
from sayso.domain.links import NEWEST, UNLINKED, LinkRow, LinkRows, Links, Membership, MergeRecord, NoteList
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, TypeId

#: What a choice weighs beside another one about the same type: the heavier one stands.
WEIGHT = {Choice.NONE: 0, Choice.PENDING: 1, Choice.GRANTED: 2, Choice.REFUSED: 3, Choice.WITHDRAWN: 4}


class Merge(NamedTuple):
    """The two changes that a merge comes to; storage writes both or neither."""

    survivor: Change
    gone: Change


def check(user: Contact, lead: Contact, *, duplicates_only: bool) -> None:
    """Whether a contact may be merged into another one. Raises Invalid, NotDuplicates."""
    if lead.profile.role is not Role.LEAD:
        raise Invalid("from must be a lead", "from")
    if user.profile.role is not Role.USER:
        raise Invalid("into must be a user", "into")
    if duplicates_only and not _alike(user.profile, lead.profile):
        raise NotDuplicates(
            "Contacts can only be merged when they are duplicates (matching email or phone). "
            "Pass skip_duplicate_validation=true to override this check."
        )


def filled(user: Profile, lead: Profile) -> Profile:
    """The survivor's profile: its own, and the lead's where it has nothing."""
    gained = {name: theirs for name in _FILLED if getattr(user, name) is None and (theirs := getattr(lead, name))}
    seen = [at for at in (user.last_seen_at, lead.last_seen_at) if at is not None]
    own = {name: value for name, value in user.custom_attributes.items() if value is not None}
    attributes = {**user.custom_attributes, **lead.custom_attributes, **own}
    return user._replace(**gained, last_seen_at=max(seen, default=None), custom_attributes=attributes)


def merge(
    user: Contact,
    lead: Contact,
    rows: tuple[LinkRows, LinkRows],
    claims: Mapping[str, Claim],
    acts: Sequence[Act],
) -> Merge:
    """Decide a merge. `rows` are those of both's links, the lead's without companies that are deleted, and of the
    notes at least the newest; `claims` the present holders of what `filled` is known by.

    `acts` has `acts_needed`, the first of them the act itself.
    """
    act, head = acts[0], user.head
    entries, chain, standing = _consent(head, lead.head.standing, acts)
    profile, taken = _known_by(user, filled(user.profile, lead.profile), claims, act.at)
    gained = tuple(_new(user.links, rows[1]))
    survivor = Change(
        act=act,
        kind="contact.merged",
        before=head,
        after=head.after(act, chain, standing),
        entries=entries,
        profile=profile,
        claims=ClaimChanges(take=taken),
        links=_linked(user.links, lead.links, rows),
        put=(*gained, MergeRecord(lead.id, lead.profile.role, act.at)),
        absorbs=lead.id,
        # In one order, so that no two merges wait for each other.
        joined=tuple(sorted(row.company_id for row in gained if isinstance(row, Membership))),
        former_role=user.profile.role,
    )
    return Merge(survivor, _gone(lead, user.id, act))


def acts_needed(lead: Standing) -> int:
    """How many entries a merge of such a lead writes at most in the survivor's chain, one act each."""
    return 1 + len(lead.choices) + len(lead.stops)


def _gone(lead: Contact, into: str, act: Act) -> Change:
    entry = merge_entry(lead.head.chain, act, not_before=lead.head.updated_at)
    after = lead.head.after(act, lead.head.chain.follow(entry), lead.head.standing)
    return Change(
        act=act,
        kind="contact.merged_away",
        before=lead.head,
        after=after._replace(state=ContactState.MERGED),
        entries=(entry,),
        profile=Profile(lead.profile.role, merged_into=into),
        links=UNLINKED,
        former_role=lead.profile.role,
    )


_FILLED = ("email", "phone", "name", "avatar", "owner_id", "signed_up_at", "language_override")


def _alike(user: Profile, lead: Profile) -> bool:
    mail = [normalize_email(profile.email) for profile in (user, lead) if profile.email]
    phone = [normalize_phone(profile.phone) for profile in (user, lead) if profile.phone]
    return any(len(both) == 2 and both[0] == both[1] for both in (mail, phone))


def _known_by(
    user: Contact, profile: Profile, claims: Mapping[str, Claim], now: int
) -> tuple[Profile, tuple[tuple[str, str, Claim | None], ...]]:
    """An address that somebody else has, even one who is archived, does not come along."""
    value = profile.identifiers().get("email")
    if value is None or value == user.profile.identifiers().get("email"):
        return profile, ()
    holder = claims.get("email")
    if holder is not None and not holder.is_free(now):
        return profile._replace(email=user.profile.email), ()
    return profile, (("email", value, holder),)


def _consent(user: Head, lead: Standing, acts: Sequence[Act]) -> tuple[tuple[Entry, ...], Chain, Standing]:
    chain, standing, since = user.chain, user.standing, user.updated_at
    entries = [merge_entry(chain, acts[0], not_before=since)]
    chain = chain.follow(entries[0])
    for act, what in zip(acts[1:], _gained(standing, lead), strict=False):
        entry = (
            channel_entry(chain, act, what, stopped=True, not_before=since)
            if isinstance(what, Channel)
            else type_entry(chain, act, what[1], what[0], None, not_before=since)
        )
        entries.append(entry)
        chain, standing = chain.follow(entry), apply(standing, entry)
    return tuple(entries), chain, standing


def _gained(standing: Standing, lead: Standing) -> Iterator[tuple[TypeId, Choice] | Channel]:
    """What the lead's choices change in the survivor's."""
    for type_id, choice in lead.choices:
        if WEIGHT[choice] > WEIGHT[standing.of(type_id)]:
            yield type_id, choice
    for channel in lead.stops:
        if channel not in standing.stops:
            yield channel


def _linked(user: Links, lead: Links, rows: tuple[LinkRows, LinkRows]) -> Links:
    notes = sorted((*rows[0].notes, *rows[1].notes), key=lambda note: (note.created_at, int(note.id)), reverse=True)
    newest = tuple(note.id for note in notes[:NEWEST])
    kept = {membership.company_id for membership in rows[1].companies}
    return Links(
        tuple(dict.fromkeys(user.tags + lead.tags)),
        tuple(dict.fromkeys((*user.companies, *(company for company in lead.companies if company in kept)))),
        NoteList(user.notes.total + lead.notes.total, newest),
    )


def _new(user: Links, rows: LinkRows) -> Iterator[LinkRow]:
    """The lead's tags and companies that the survivor has not."""
    yield from (tagging for tagging in rows.tags if tagging.tag_id not in user.tags)
    yield from (membership for membership in rows.companies if membership.company_id not in user.companies)
