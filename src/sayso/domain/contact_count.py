"""How many contacts a workspace has in each state and role: what a change does to these numbers."""

from __future__ import annotations

from sayso.domain.contact import Change, ContactState, Role


def moves(change: Change) -> dict[tuple[ContactState, Role], int]:
    """What to add to the number of contacts in each state and role; empty for a change that moves no contact."""
    if change.profile is None:
        return {}
    after = (change.after.state, change.profile.role)
    if change.created_at is not None:
        return {after: 1}
    assert change.former_role is not None, "a change of a profile names the role before it"
    before = (change.before.state, change.former_role)
    return {} if before == after else {before: -1, after: 1}
