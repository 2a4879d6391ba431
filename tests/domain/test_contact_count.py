"""What each change of a contact adds to the counts of a workspace."""

from __future__ import annotations

import pytest
from tests.cast import NOON, act

from sayso.domain import archive, merge
from sayso.domain import contact as contacts
from sayso.domain.contact import Change, Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.contact_count import moves
from sayso.domain.ledger import Chain, origin
from sayso.domain.links import UNLINKED, LinkRows
from sayso.domain.standing import Standing

ARCHIVED, BLOCKED, DELETED, LIVE, MERGED = (
    ContactState.ARCHIVED,
    ContactState.BLOCKED,
    ContactState.DELETED,
    ContactState.LIVE,
    ContactState.MERGED,
)
USER = Profile(Role.USER, external_id="alice")
LEAD = Profile(Role.LEAD)


def creation(profile: Profile = USER, number: int = 1) -> Change:
    chain = Chain(origin("acme"), f"{number:032x}")
    head = Head("acme", f"{number:024x}", LIVE, 0, NOON, chain, Standing())
    return contacts.create(head, ContactDraft(profile), {}, act(number))


def made(profile: Profile = USER, number: int = 1) -> Contact:
    return Contact(creation(profile, number).after, profile, NOON)


def test_a_new_contact_is_one_more():
    assert {(LIVE, Role.USER): 1} == moves(creation())
    assert {(LIVE, Role.LEAD): 1} == moves(creation(LEAD))


@pytest.mark.parametrize(
    ("rule", "state"), [(archive.archive, ARCHIVED), (archive.block, BLOCKED), (contacts.delete, DELETED)]
)
def test_a_contact_that_goes_is_one_less_where_it_was_and_one_more_where_it_is(rule, state: ContactState):
    assert {(LIVE, Role.USER): -1, (state, Role.USER): 1} == moves(rule(made(), act(2)))


def test_a_contact_that_comes_back_is_counted_back():
    archived = made().after(archive.archive(made(), act(2)))
    change = archive.unarchive(archived, act(3))

    assert change
    assert {(ARCHIVED, Role.USER): -1, (LIVE, Role.USER): 1} == moves(change)


def test_a_lead_that_becomes_a_user_changes_its_count():
    change = contacts.update(made(LEAD), ContactDraft(USER), {}, act(2))

    assert change
    assert {(LIVE, Role.LEAD): -1, (LIVE, Role.USER): 1} == moves(change)


def test_a_change_that_keeps_state_and_role_moves_nothing():
    renamed = contacts.update(made(), ContactDraft(USER._replace(name="Alice")), {}, act(2))

    assert renamed
    assert {} == moves(renamed)
    assert {} == moves(contacts.linked(made(), "contact.tagged", UNLINKED, act(2)))


def test_of_a_merge_the_lead_alone_moves():
    user, lead = made(), made(LEAD, 2)
    merged = merge.merge(user, lead, (LinkRows(), LinkRows()), {}, [act(3)])

    assert {} == moves(merged.survivor)
    assert {(LIVE, Role.LEAD): -1, (MERGED, Role.LEAD): 1} == moves(merged.gone)
