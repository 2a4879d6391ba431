"""What the services need of the world: stores, a clock and ids. `server.py` fills them.

Every method of a store names its workspace. Reads answer None for what is not there. A `commit` is all or
nothing and durable when it returns; it raises Stale when a revision has
moved or a claim is taken, Unavailable when the store cannot take it now, OutcomeUnknown when it cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sayso.domain.access import Token, Workspace
from sayso.domain.admin import Admin
from sayso.domain.company import Company, CompanyChange
from sayso.domain.contact import Change, Claim, Contact, Head
from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.ledger import Entry
from sayso.domain.links import LinkRows
from sayso.domain.scroll import Scroll
from sayso.domain.subscription_type import Notice, SubscriptionType, Translation, TypeChange


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it lies in the store, with the hash stored beside it and the contact it lies under."""

    contact_id: str
    entry: Entry
    hash: bytes


class ContactStore(Protocol):
    async def standing(self, workspace_id: str, contact_id: str) -> str | None:
        """The packed standing of a live contact: one indexed read."""

    async def head(self, workspace_id: str, contact_id: str) -> Head | None: ...

    async def find(self, workspace_id: str, contact_id: str) -> Contact | None:
        """A contact in any state."""

    async def claims(self, workspace_id: str, wanted: Mapping[str, str]) -> dict[str, Claim]:
        """The holders of identifiers, by kind."""

    async def page(self, workspace_id: str, after: tuple[int, str] | None, limit: int) -> list[Contact]:
        """Live contacts after (created_at in ms, id), in that order."""

    async def count(self, workspace_id: str) -> int:
        """How many live contacts there are."""

    async def commit(self, change: Change) -> None: ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that no writer of ours can have made, and why; of its key, what can be read."""

    contact_id: str
    seq: int | None
    why: str


@dataclass(frozen=True, slots=True)
class HeadRow:
    """What a contact's row says of its ledger, unchecked."""

    contact_id: str
    subject: bytes
    seq: int
    hash: bytes | None
    standing: str


@dataclass(frozen=True, slots=True)
class HolderRow:
    """What a contact's row says of who it is, unchecked."""

    contact_id: str
    revision: int
    state: str
    role: str
    external_id: str | None
    email: str | None


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


class LedgerStore(Protocol):
    """What verification reads: ranges of contacts in order of their ids, `after` exclusive, `upto` inclusive, None for
    no end. Each answer is as of one moment."""

    async def workspaces(self) -> set[str]:
        """The workspaces that contacts, entries, claims or types name, whether they exist or not."""

    async def head(self, workspace_id: str, contact_id: str) -> HeadRow | Unreadable | None: ...

    async def chain(self, workspace_id: str, contact_id: str) -> list[Stored | Unreadable]:
        """A contact's entries in the order of `seq`."""

    async def heads(self, workspace_id: str, after: str, limit: int) -> list[HeadRow | Unreadable]:
        """Contacts in any state."""

    async def stored(self, workspace_id: str, after: str, upto: str | None) -> list[Stored | Unreadable]: ...

    async def unannounced(self, workspace_id: str, after: str, upto: str | None) -> list[tuple[str, int | None]]:
        """(contact id, seq) of entries that no event announces; without seq, contacts whose last act none does."""

    async def unfounded(self) -> list[tuple[str, str, int | None]]:
        """(workspace id, contact id, seq) of events that announce what is not there; the first few thousand."""


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type's row and translations, unchecked; without a wording number there are translations alone."""

    type_id: str
    translations: tuple[Translation, ...]
    wording: int | None = None
    default_locale: str = ""
    state: str = ""
    consent_type: str = ""
    channels: tuple[str, ...] = ()


class SubscriptionTypeStore(Protocol):
    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        """In order of creation."""

    async def notices(self, workspace_id: str) -> list[Notice]: ...

    async def rows(self, workspace_id: str) -> list[TypeRow | Unreadable]:
        """What verification reads: every type that a row or a translation names."""

    async def commit(self, change: TypeChange, record: IdempotencyRecord | None = None) -> None:
        """The record is kept with the change or not at all; its key taken is Stale."""


class LinkStore(Protocol):
    async def of(self, workspace_id: str, contact_id: str) -> LinkRows:
        """The rows that changes of a contact have put and not dropped; those of one contact in any state."""


@dataclass(frozen=True, slots=True)
class CompanyFilter:
    """Which companies, and in which order: those of a name, or those with a tag, or all; by the time of their last
    request, the latest first unless `ascending`."""

    name: str | None = None
    tag_id: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """What a company's row says of who it is, unchecked."""

    company_id: str
    state: str
    external_id: str


class CompanyStore(Protocol):
    """Their claims are among the contacts'."""

    async def find(self, workspace_id: str, company_id: str) -> Company | None:
        """A company in any state."""

    async def page(self, workspace_id: str, wanted: CompanyFilter, limit: int, offset: int) -> list[Company]:
        """Live companies; those of a name the newest first."""

    async def count(self, workspace_id: str, wanted: CompanyFilter) -> int:
        """How many live companies there are."""

    async def after(self, workspace_id: str, place: str, limit: int) -> list[Company]:
        """Live companies after an id, in that order."""

    async def deleted(self, workspace_id: str) -> list[str]:
        """Ids of deleted companies that are not forgotten, a thousand at most."""

    async def members(self, workspace_id: str, company_id: str, place: str, limit: int, offset: int) -> list[str]:
        """Ids of a company's live contacts after an id, in that order."""

    async def user_counts(self, workspace_id: str, company_ids: Sequence[str]) -> dict[str, int]:
        """How many live contacts belong to each company."""

    async def attached(self, workspace_id: str, company_id: str, limit: int) -> list[str]:
        """Ids of contacts in any state that belong to a company, the first ones."""

    async def commit(self, change: CompanyChange) -> None: ...

    async def forget(self, workspace_id: str, company_id: str) -> None:
        """Drop the row of a deleted company."""

    async def holders(self, workspace_id: str, place: str, limit: int) -> list[CompanyRow | Unreadable]:
        """What verification reads: companies in any state after an id, in that order."""

    async def named(self, workspace_id: str, company_ids: Sequence[str]) -> list[CompanyRow | Unreadable]: ...


class ScrollStore(Protocol):
    async def find(self, workspace_id: str) -> Scroll | None:
        """The scroll that was begun last, if it did not come to its end."""

    async def commit(self, before: Scroll | None, after: Scroll) -> None: ...

    async def close(self, before: Scroll) -> None: ...


class IdempotencyStore(Protocol):
    async def find(self, workspace_id: str, key: str) -> IdempotencyRecord | None:
        """What was kept under a key, however old; a commit with a record forgets those that are too old."""


class TokenStore(Protocol):
    async def find(self, digest: bytes) -> Token | None:
        """A token, revoked or not, by the SHA-256 of its value."""

    async def all(self, workspace_id: str) -> list[Token]: ...

    async def add(self, token: Token) -> None: ...

    async def revoke(self, workspace_id: str, token_id: str, at: int) -> None:
        """Raises NotFound when there is no such token, or none that works."""


class WorkspaceStore(Protocol):
    async def version(self, workspace_id: str) -> int | None: ...

    async def find(self, workspace_id: str) -> Workspace | None: ...

    async def all(self) -> list[Workspace]:
        """In order of creation."""

    async def add(self, workspace: Workspace, admins: Sequence[Admin]) -> None: ...


class AdminStore(Protocol):
    async def all(self, workspace_id: str) -> list[Admin]:
        """In order of creation."""

    async def add(self, admin: Admin) -> None:
        """Raises Stale where its id is taken, or there is no such workspace."""


class Store(Protocol):
    """One region's data."""

    @property
    def admin(self) -> AdminStore: ...

    @property
    def claim(self) -> ClaimStore: ...

    @property
    def company(self) -> CompanyStore: ...

    @property
    def contact(self) -> ContactStore: ...

    @property
    def idempotency(self) -> IdempotencyStore: ...

    @property
    def ledger(self) -> LedgerStore: ...

    @property
    def links(self) -> LinkStore: ...

    @property
    def scroll(self) -> ScrollStore: ...

    @property
    def subscription_type(self) -> SubscriptionTypeStore: ...

    @property
    def token(self) -> TokenStore: ...

    @property
    def workspace(self) -> WorkspaceStore: ...

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Of all processes on this data, one at a time is inside: for what several might otherwise begin at once."""

    async def check(self) -> None:
        """Raises Unavailable, with the reason, when a write could not be taken now."""

    async def close(self) -> None: ...


class Clock(Protocol):
    def __call__(self) -> int:
        """Milliseconds since the epoch, UTC."""


class Ids(Protocol):
    def act(self, now: int) -> str:
        """A UUIDv7 (RFC 9562) as 32 hex digits, so that acts sort by time."""

    def contact(self, now: int) -> str:
        """24 hex digits, rising within a process."""

    def subject(self) -> str:
        """128 random bits as 32 hex digits."""

    def request(self) -> str:
        """20 hex digits."""

    def uuid(self) -> str:
        """A random UUID, as Intercom gives leads for an external_id."""

    def code(self) -> str:
        """Eight letters and digits: a workspace's or a token's id."""

    def secret(self) -> str:
        """At least 160 random bits, URL-safe."""
