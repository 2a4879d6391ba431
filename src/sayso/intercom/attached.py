"""Attached: Intercom's one bit per contact and type, and the choices behind it. It is said here and nowhere else.

A type is attached when it is opt_in and granted, or opt_out and withdrawn or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sayso.domain.consent import Wish
from sayso.domain.errors import Invalid, TypeNotFound
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import ConsentType, SubscriptionType, TypeState

_ATTACHED = {
    ConsentType.OPT_IN: frozenset({Choice.GRANTED}),
    ConsentType.OPT_OUT: frozenset({Choice.WITHDRAWN, Choice.REFUSED}),
}
_ATTACHING = {
    ConsentType.OPT_IN: Wish(Choice.GRANTED, already=_ATTACHED[ConsentType.OPT_IN]),
    ConsentType.OPT_OUT: Wish(Choice.WITHDRAWN, already=_ATTACHED[ConsentType.OPT_OUT]),
}
_DETACHING = {
    ConsentType.OPT_IN: Wish(Choice.WITHDRAWN, only_from=_ATTACHED[ConsentType.OPT_IN]),
    ConsentType.OPT_OUT: Wish(Choice.NONE, only_from=_ATTACHED[ConsentType.OPT_OUT]),
}

_LIVE = TypeState.LIVE


def attached(standing: Standing, types: Mapping[str, SubscriptionType]) -> list[tuple[SubscriptionType, Choice]]:
    """The types attached to a contact, in the order chosen, oldest first."""
    known = ((types[type_id], choice) for type_id, choice in standing.choices if type_id in types)
    return [(type_, choice) for type_, choice in known if choice in _ATTACHED[type_.consent_type]]


def attaching(consent_type: str | None) -> Callable[[SubscriptionType], Wish]:
    """To attach a type: only a live one, and only by its own consent_type where one is named."""

    def wish_for(type_: SubscriptionType) -> Wish:
        if type_.state is not _LIVE:
            raise TypeNotFound("the subscription type is not live")
        if consent_type is not None and consent_type != type_.consent_type:
            raise Invalid(f"consent_type of this subscription type is {type_.consent_type}", "consent_type")
        return _ATTACHING[type_.consent_type]

    return wish_for


def detaching(type_: SubscriptionType) -> Wish:
    """To detach a type in any state, if it is attached."""
    return _DETACHING[type_.consent_type]
