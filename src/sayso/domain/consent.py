"""Consent: what a wish about one subscription type comes to."""

from __future__ import annotations

from typing import NamedTuple

from sayso.domain.act import Act
from sayso.domain.contact import Change, Head
from sayso.domain.errors import TypeNotFound
from sayso.domain.ledger import apply, type_entry
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import SubscriptionType


class Wish(NamedTuple):
    """A choice somebody asks for.

    `already`: the choices that satisfy the wish as they are, so that nothing is written.
    `only_from`: the choices it can be made from, anything else being a refusal; None for any.
    """

    choice: Choice
    already: frozenset[Choice] = frozenset()
    only_from: frozenset[Choice] | None = None


def decide(head: Head, type_: SubscriptionType, wish: Wish, act: Act) -> Change | None:
    """Decide a wish on a contact's standing; None when it is fulfilled already. Raises TypeNotFound."""
    _, _, _, _, updated_at, chain, standing = head
    choice, already, only_from = wish
    present = standing.of(type_.id)
    if only_from is not None and present not in only_from:
        raise TypeNotFound("the contact has no such choice to take back")
    if present in already:
        return None
    entry = type_entry(chain, act, choice, type_.id, type_.notice, not_before=updated_at)
    after = head.after(act, chain.follow(entry), apply(standing, entry))
    return Change(act=act, kind="consent", before=head, after=after, entries=(entry,), decided_on=type_)
