"""What verification reads of claims and of who holds them, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # One port names the other's.
    from sayso.service.ports import Unreadable


@dataclass(frozen=True, slots=True)
class HolderRow:
    """What a contact's row says of who it is, unchecked."""

    contact_id: str
    revision: int
    state: str
    role: str
    external_id: str | None
    email: str | None
    shares_email: bool = False
    phone: str | None = None
    normal_email: str | None = None
    normal_phone: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A user whose email, in its normal form, another user claims; None where nobody claims it any more."""

    contact_id: str
    claimed_by: str | None


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as it lies in the store, unchecked."""

    kind: str
    value: str
    contact_id: str
    state: str


class ClaimStore(Protocol):
    """What verification reads of contacts and their claims. Contacts in any state; those that are not there are left
    out."""

    async def holders(self, workspace_id: str, after: str, limit: int) -> list[HolderRow | Unreadable]:
        """Contacts after an id, in that order."""

    async def named(self, workspace_id: str, contact_ids: Sequence[str]) -> list[HolderRow | Unreadable]: ...

    async def rows(self, workspace_id: str, after: tuple[str, str], limit: int) -> list[ClaimRow | Unreadable]:
        """Claims after (kind, value), in that order."""

    async def on(self, workspace_id: str, kind: str, values: Sequence[str]) -> list[ClaimRow | Unreadable]:
        """The claims on these identifiers."""

    async def duplicates(self, workspace_id: str) -> list[Duplicate]:
        """In the order of the contacts' ids."""
