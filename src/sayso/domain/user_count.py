"""How many live contacts belong to each company: what a change of a contact does to these numbers."""

from __future__ import annotations

from sayso.domain.contact import Change, ContactState


def additions(change: Change) -> dict[str, int]:
    """What to add to the number of each company's contacts, by the company's id; empty for a change that moves none."""
    former = change.former_companies
    if former is None:
        return {}
    companies = former if change.links is None else change.links.companies
    before = former if change.before.state is ContactState.LIVE else ()
    after = companies if change.after.state is ContactState.LIVE else ()
    if before == after:
        return {}
    gained, lost = set(after).difference(before), set(before).difference(after)
    return dict.fromkeys(gained, 1) | dict.fromkeys(lost, -1)
