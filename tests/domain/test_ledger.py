"""The ledger: its canonical form is RFC 8785's, its chain holds, and folding it gives the standing."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import AUTHOR, NOON, act, draft

from sayso.domain import consent, contact
from sayso.domain import subscription_type as types
from sayso.domain.consent import Wish
from sayso.domain.contact import Change, Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain, Entry, Event, fold, origin
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, NoticeRef, SubscriptionType, TypeId

TEXTS = st.text(max_size=20)
DIGESTS = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(0, 2**53 - 1)

ENTRIES = st.builds(
    Entry,
    log=TEXTS,
    id=TEXTS,
    subject=TEXTS,
    seq=NUMBERS,
    event=st.sampled_from(Event),
    type_id=st.none() | TEXTS.filter(bool),
    channel=st.none() | TEXTS,
    state=TEXTS,
    basis=TEXTS,
    occurred_at=NUMBERS,
    recorded_at=NUMBERS,
    method=TEXTS,
    actor_kind=TEXTS,
    actor_ref=TEXTS,
    request_id=TEXTS,
    notice=st.none() | st.builds(NoticeRef, type_id=TEXTS, version=NUMBERS, locale=TEXTS, sha256=DIGESTS),
    binding=st.none() | DIGESTS,
)


def as_dictionary(entry: Entry, prev: bytes | None) -> dict[str, Any]:
    """The entry as the record format describes it."""
    notice = entry.notice and {
        "id": entry.notice.type_id,
        "version": entry.notice.version,
        "lang": entry.notice.locale,
        "sha256": b64encode(entry.notice.sha256).decode(),
    }
    bound = {"contact": b64encode(entry.binding).decode()} if entry.binding else {}
    return {
        "v": 1,
        "log": entry.log,
        "id": entry.id,
        "subject": entry.subject,
        "seq": entry.seq,
        "prev": prev and b64encode(prev).decode(),
        "event": entry.event.value,
        "scope": {"type_id": entry.type_id or "*", "channel": entry.channel},
        "state": entry.state,
        "basis": entry.basis,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "valid_until": None,
        "method": entry.method,
        "actor": {"kind": entry.actor_kind, "ref": entry.actor_ref},
        "notice": notice,
        "jurisdiction": None,
        "commit": None,
        "refs": [],
        "ext": {"request_id": entry.request_id} | bound,
    }


@given(ENTRIES, st.none() | DIGESTS)
def test_a_leaf_is_the_canonical_form_of_its_entry(entry: Entry, prev: bytes | None):
    assert rfc8785.dumps(as_dictionary(entry, prev)) == entry.leaf(prev).encode()


@given(ENTRIES, st.none() | DIGESTS)
def test_a_hash_is_the_leaf_hash_of_a_merkle_tree(entry: Entry, prev: bytes | None):
    assert sha256(b"\x00" + rfc8785.dumps(as_dictionary(entry, prev))).digest() == entry.hash(prev)


@given(ENTRIES, ENTRIES, DIGESTS)
def test_two_entries_share_a_hash_only_when_they_are_the_same(one: Entry, other: Entry, prev: bytes):
    assert (one == other) == (one.hash(prev) == other.hash(prev))
    assert one.hash(prev) != one.hash(None)


#: A wish about one of five types, or a profile change that stops or resumes all email.
WISHES = st.one_of(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([Choice.GRANTED, Choice.WITHDRAWN, Choice.NONE]),
        st.frozensets(st.sampled_from(Choice), max_size=2),
    ),
    st.booleans(),
)

TYPES = [types.create("acme", TypeId(str(number)), draft(), NOON).after for number in range(1, 6)]


@given(st.lists(WISHES, max_size=40))
def test_folding_the_entries_gives_the_standing_after_any_wishes(wishes: list[Any]):
    head = Head("acme", "c1", ContactState.LIVE, 0, NOON, Chain(origin("acme"), "ab" * 16), Standing())
    entries: list[Entry] = []
    for number, wish in enumerate(wishes, 1):
        change = _decided(head, wish, number)
        if change is not None:
            entries += change.entries
            assert head.revision + 1 == change.after.revision
            assert head.updated_at <= change.after.updated_at
            head = change.after

    assert fold(entries) == head.standing
    assert list(range(1, len(entries) + 1)) == [entry.seq for entry in entries]
    recorded = [entry.recorded_at for entry in entries]
    assert sorted(recorded) == recorded
    hash_ = None
    for entry in entries:
        hash_ = entry.hash(hash_)
    assert (len(entries), hash_) == (head.chain.seq, head.chain.hash)


def _decided(head: Head, wish: Any, number: int) -> Change | None:
    at = NOON + (number * 7919) % 1000 - 500
    if isinstance(wish, bool):
        person = Contact(head, Profile(Role.LEAD), NOON)
        return contact.update(person, ContactDraft(person.profile, wish), {}, act(number, at))
    place, choice, already = wish
    return consent.decide(head, TYPES[place], Wish(choice, already), act(number, at))


def test_an_entry_written_after_the_clock_was_set_back_is_recorded_when_the_contact_was_last_changed():
    head = Head("acme", "c1", ContactState.LIVE, 1, NOON, Chain(origin("acme"), "ab" * 16), Standing())

    change = consent.decide(head, TYPES[0], Wish(Choice.GRANTED), act(1, NOON - 5))

    assert change
    (entry,) = change.entries
    assert (NOON - 5, NOON) == (entry.occurred_at, entry.recorded_at)


KEY = bytes(range(16))
CONTACT = "6a0c1f5e9b3d7a2c4e8f0b1d"


@pytest.mark.parametrize("key", [KEY, None])
def test_the_first_entry_of_a_chain_is_bound_to_the_contact_where_it_has_a_key_and_no_other_is(key: bytes | None):
    chain = Chain(origin("acme"), "ab" * 16, contact_id=CONTACT, binding_key=key)
    head = Head("acme", CONTACT, ContactState.LIVE, 1, NOON, chain, Standing())

    first = consent.decide(head, TYPES[0], Wish(Choice.GRANTED), act(1))
    assert first
    second = consent.decide(first.after, TYPES[0], Wish(Choice.WITHDRAWN), act(2))
    assert second

    bound = hmac.new(KEY, CONTACT.encode("ascii"), "sha256").digest()
    assert (bound if key else None, None) == (first.entries[0].binding, second.entries[0].binding)


def test_an_entry_tells_who_did_it_on_which_wording():
    type_: SubscriptionType = TYPES[0]
    head = Head("acme", "c1", ContactState.LIVE, 1, NOON, Chain(origin("acme"), "ab" * 16), Standing())

    change = consent.decide(head, type_, Wish(Choice.GRANTED), act(7, NOON + 5))

    assert change
    (entry,) = change.entries
    assert (AUTHOR.kind, AUTHOR.ref, AUTHOR.method, AUTHOR.request_id) == (
        entry.actor_kind,
        entry.actor_ref,
        entry.method,
        entry.request_id,
    )
    assert (Event.GRANTED, "granted", "consent", NOON + 5) == (
        entry.event,
        entry.state,
        entry.basis,
        entry.occurred_at,
    )
    assert entry.notice
    assert (type_.id, 1, "en") == (entry.notice.type_id, entry.notice.version, entry.notice.locale)


def test_a_wording_can_be_checked_against_the_hash_in_the_entry():
    form = {
        "type_id": "1",
        "version": 1,
        "locale": "en",
        "name": "Newsletter",
        "description": "About Newsletter",
    }

    assert sha256(rfc8785.dumps(form)).digest() == TYPES[0].notice.sha256


def test_a_stop_of_a_channel_is_about_no_type():
    head = Head("acme", "c1", ContactState.LIVE, 1, NOON, Chain(origin("acme"), "ab" * 16), Standing())
    person = Contact(head, Profile(Role.LEAD), NOON)

    change = contact.update(person, ContactDraft(person.profile, True), {}, act())

    assert change
    (entry,) = change.entries
    assert (Event.UNSUBSCRIBED_ALL, None, Channel.EMAIL) == (entry.event, entry.type_id, entry.channel)
    assert Standing(stops=(Channel.EMAIL,)) == change.after.standing
