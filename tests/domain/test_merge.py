"""Merging: nothing of what anybody said about consent is lost, and nothing invented."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOON, act

from sayso.domain.contact import Claim, Contact, ContactState, Head, Profile, Role
from sayso.domain.errors import Invalid, NotDuplicates
from sayso.domain.ledger import Chain, Event, apply, channel_entry, fold, origin, type_entry
from sayso.domain.links import LinkRows
from sayso.domain.merge import ANY_INTO_USERS, WEIGHT, Merge, acts_needed, check, filled, merge
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, TypeId

TYPES = [TypeId(str(number)) for number in range(1, 5)]
SAID = st.dictionaries(
    st.sampled_from(TYPES), st.sampled_from([choice for choice in Choice if choice is not Choice.NONE])
)
STOPS = st.sets(st.sampled_from(list(Channel)))
HOLY = {Choice.WITHDRAWN, Choice.REFUSED}


def who(role: Role, number: int, said: dict[TypeId, Choice], stops: set[Channel], **more: object) -> Contact:
    """A contact with a chain that comes to what they said."""
    chain, standing = Chain(origin("acme"), f"{number:032x}"), Standing()
    entries = [
        *(
            (lambda at, type_id=type_id, choice=choice: type_entry(at, act(), choice, type_id, None, not_before=0))
            for type_id, choice in said.items()
        ),
        *(
            (lambda at, channel=channel: channel_entry(at, act(), channel, stopped=True, not_before=0))
            for channel in sorted(stops)
        ),
    ]
    for make in entries:
        entry = make(chain)
        chain, standing = chain.follow(entry), apply(standing, entry)
    head = Head("acme", f"{number:024x}", ContactState.LIVE, 3, NOON, chain, standing)
    return Contact(head, Profile(role, **more), NOON)  # type: ignore[arg-type]


def merged(user: Contact, lead: Contact, claims: dict[str, Claim] | None = None) -> Merge:
    acts = [act(100 + number) for number in range(acts_needed(lead.head.standing))]
    return merge(user, lead, (LinkRows(), LinkRows()), claims or {}, acts)


def said(standing: Standing) -> tuple[dict[TypeId, Choice], set[Channel]]:
    return dict(standing.choices), set(standing.stops)


@given(SAID, STOPS, SAID, STOPS)
def test_per_type_the_greater_choice_stands_and_stops_add_up(ours, our_stops, theirs, their_stops):
    user, lead = who(Role.USER, 1, ours, our_stops), who(Role.LEAD, 2, theirs, their_stops)
    survivor, gone = merged(user, lead)

    choices, stops = said(survivor.after.standing)
    for type_id in TYPES:
        before = [ours.get(type_id, Choice.NONE), theirs.get(type_id, Choice.NONE)]
        after = choices.get(type_id, Choice.NONE)
        assert max(before, key=WEIGHT.__getitem__) == after
        assert not (HOLY & set(before) and after is Choice.GRANTED)
        assert after is not Choice.GRANTED or Choice.GRANTED in before
    assert our_stops | their_stops == stops
    assert ContactState.MERGED is gone.after.state


@given(SAID, STOPS, SAID, STOPS)
def test_each_type_that_changed_has_one_entry_in_the_survivor_s_chain(ours, our_stops, theirs, their_stops):
    user, lead = who(Role.USER, 1, ours, our_stops), who(Role.LEAD, 2, theirs, their_stops)
    survivor, gone = merged(user, lead)

    told, *entries = survivor.entries
    assert Event.MERGED is told.event
    changed = {type_id for type_id in TYPES if user.head.standing.of(type_id) != survivor.after.standing.of(type_id)}
    assert sorted(changed) == sorted(entry.type_id for entry in entries if entry.type_id)
    assert sorted(their_stops - our_stops) == sorted(entry.channel for entry in entries if entry.channel)
    assert [user.head.chain.seq + number for number in range(1, len(survivor.entries) + 1)] == [
        entry.seq for entry in survivor.entries
    ]
    assert len(survivor.entries) == len({entry.id for entry in survivor.entries})
    assert [Event.MERGED] == [entry.event for entry in gone.entries]
    assert (lead.head.standing, lead.head.chain.subject) == (gone.after.standing, gone.after.chain.subject)
    hash_ = user.head.chain.hash
    for entry in survivor.entries:
        hash_ = entry.hash(hash_)
    assert survivor.after.chain.hash == hash_
    assert fold(survivor.entries).stops == tuple(stop for stop in lead.head.standing.stops if stop not in our_stops)


@given(SAID, STOPS, st.lists(st.tuples(SAID, STOPS), min_size=2, max_size=3))
def test_the_order_of_merges_does_not_matter(ours, our_stops, leads):
    outcomes = []
    for order in permutations(enumerate(leads, 2)):
        user = who(Role.USER, 1, ours, our_stops)
        for number, (theirs, their_stops) in order:
            user = user.after(merged(user, who(Role.LEAD, number, theirs, their_stops)).survivor)
        outcomes.append(said(user.head.standing))

    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_the_survivor_keeps_what_it_has_and_gets_what_it_has_not():
    user = Profile(Role.USER, "ada", name="Ada", last_seen_at=5, custom_attributes={"plan": "pro", "size": None})
    lead = Profile(
        Role.LEAD, "a-uuid", "ada@x.com", "+1", "A.", last_seen_at=9, custom_attributes={"plan": "", "size": 3}
    )

    assert Profile(
        Role.USER, "ada", "ada@x.com", "+1", "Ada", last_seen_at=9, custom_attributes={"plan": "pro", "size": 3}
    ) == filled(user, lead)


@pytest.mark.parametrize("state", ContactState)
def test_an_address_that_somebody_else_has_does_not_come_along(state):
    user, lead = who(Role.USER, 1, {}, set(), external_id="ada"), who(Role.LEAD, 2, {}, set(), email="Ada@x.com")
    claim = Claim("email", "ada@x.com", "f" * 24, state, NOON)

    taken, free = merged(user, lead, {"email": claim}), merged(user, lead)

    assert (None, ()) == (taken.survivor.profile.email, taken.survivor.claims.take)
    assert ("Ada@x.com", (("email", "ada@x.com", None),)) == (free.survivor.profile.email, free.survivor.claims.take)
    assert Profile(Role.LEAD, merged_into=user.id) == free.gone.profile


def test_a_user_gives_the_survivor_the_identifiers_it_lacks_and_the_rest_are_free():
    into = who(Role.USER, 1, {}, set(), email="a@x.com")
    source = who(Role.USER, 2, {}, set(), email="B@x.com", external_id="bob")
    claims = {kind: Claim(kind, value, source.id, ContactState.LIVE, 5) for kind, value in (("external_id", "bob"),)}

    survivor, gone = merged(into, source, claims)

    assert Profile(Role.USER, "bob", "a@x.com") == survivor.profile
    assert (("external_id", "bob", claims["external_id"]),) == survivor.claims.take
    assert [("email", "b@x.com", source.id)] == [claim[:3] for claim in gone.claims.release]
    assert Profile(Role.USER, merged_into=into.id) == gone.profile


def test_a_user_who_shares_its_email_with_what_is_merged_into_it_claims_it():
    into = who(Role.USER, 1, {}, set(), email="a@x.com", shares_email=True)
    source = who(Role.USER, 2, {}, set(), email="A@x.com")
    claim = Claim("email", "a@x.com", source.id, ContactState.LIVE, 5)

    survivor, gone = merged(into, source, {"email": claim})

    assert Profile(Role.USER, email="a@x.com") == survivor.profile
    assert ((("email", "a@x.com", claim),), ()) == (survivor.claims.take, gone.claims.release)


def test_users_are_merged_where_that_is_allowed_and_never_into_a_lead():
    user, lead = who(Role.USER, 1, {}, set()), who(Role.LEAD, 2, {}, set())

    check(user, user, duplicates_only=False, roles=ANY_INTO_USERS)
    check(user, lead, duplicates_only=False, roles=ANY_INTO_USERS)
    for source in (user, lead):
        with pytest.raises(Invalid) as refused:
            check(lead, source, duplicates_only=False, roles=ANY_INTO_USERS)
        assert "into" == refused.value.field


def test_only_a_lead_goes_into_a_user_and_only_a_duplicate_where_that_is_asked():
    user, lead = who(Role.USER, 1, {}, set(), email="a@x.com"), who(Role.LEAD, 2, {}, set(), email="b@x.com")
    alike = who(Role.LEAD, 3, {}, set(), email=" A@x.com")

    for into, source, field in ((lead, lead, "into"), (user, user, "from")):
        with pytest.raises(Invalid) as refused:
            check(into, source, duplicates_only=False)
        assert field == refused.value.field
    with pytest.raises(NotDuplicates):
        check(user, lead, duplicates_only=True)
    check(user, lead, duplicates_only=False)
    check(user, alike, duplicates_only=True)
