"""What each change of a contact adds to the numbers of contacts that companies keep."""

from __future__ import annotations

import pytest
from tests.cast import act
from tests.domain.test_contact_count import LEAD, USER, creation, made

from sayso.domain import archive, contact_company, contact_tag, merge
from sayso.domain import contact as contacts
from sayso.domain.contact import Contact, ContactDraft
from sayso.domain.links import LinkRows, Links, Membership
from sayso.domain.user_count import additions


def member(*companies: str, number: int = 1, **more: object) -> Contact:
    return made(number=number, **more)._replace(links=Links(companies=companies))  # type: ignore[arg-type]


def test_who_joins_is_one_more_and_who_leaves_one_less():
    joins = contact_company.attach(member("a"), "b", act(2))
    leaves = contact_company.detach(member("a", "b"), "a", act(2))

    assert joins
    assert leaves
    assert ({"b": 1}, {"a": -1}) == (additions(joins), additions(leaves))


@pytest.mark.parametrize("rule", [archive.archive, archive.block, contacts.delete])
def test_who_goes_is_one_less_in_each_company(rule):
    assert {"a": -1, "b": -1} == additions(rule(member("a", "b"), act(2)))


def test_who_comes_back_is_one_more_in_each_company():
    archived = member("a", "b").after(archive.archive(member("a", "b"), act(2)))
    change = archive.unarchive(archived, act(3))

    assert change
    assert {"a": 1, "b": 1} == additions(change)


def test_who_is_not_live_was_counted_out_already():
    archived = member("a", "b").after(archive.archive(member("a", "b"), act(2)))
    leaves = contact_company.detach(archived, "a", act(3))

    assert leaves
    assert ({}, {}) == (additions(leaves), additions(contacts.delete(archived, act(3))))


def test_a_merge_moves_the_lead_s_companies_to_the_user():
    user, lead = member("a", "b"), member("b", "c", number=2, profile=LEAD)
    rows = LinkRows(companies=(Membership("b", 1), Membership("c", 1)))
    survivor, gone = merge.merge(user, lead, (LinkRows(), rows), {}, [act(2), act(3)])

    assert ({"c": 1}, {"b": -1, "c": -1}) == (additions(survivor), additions(gone))


def test_nothing_else_counts():
    renamed = contacts.update(member("a"), ContactDraft(USER._replace(name="Alice")), {}, act(2))
    tagged = contact_tag.tag(member("a"), "7", "1", act(2))

    assert renamed
    assert tagged
    assert [{}, {}, {}] == [additions(change) for change in (creation(), renamed, tagged)]
