"""What the services need of the world: stores, a clock and ids. `server.py` fills them.

Every method of a store names its workspace. Reads answer None for what is not there. A `commit` is all or
nothing and durable when it returns; it raises Stale when a revision has moved, a claim is taken or the settings log has
gone on, Unavailable when the store cannot take it now, OutcomeUnknown when it cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.contact import Change, Claim, Contact, ContactState, Head
from sayso.domain.data_attribute import AttributeChange, DataAttribute
from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.ledger import Entry
from sayso.domain.links import LinkRows, MergeRecord, Note, Tagging
from sayso.domain.search import Node
from sayso.domain.search_order import Order, Place
from sayso.domain.settings_log import SettingsEntry
from sayso.domain.subscription_type import Notice, SubscriptionType, Translation, TypeChange
from sayso.domain.tag import Tag, TagChange
from sayso.service.ports_activity import ActivityStore
from sayso.service.ports_bulk import BulkStore
from sayso.service.ports_claims import ClaimStore
from sayso.service.ports_company import CompanySearchStore, CompanyStore, ScrollStore
from sayso.service.ports_counts import ContactCountStore
from sayso.service.ports_data_event import DataEventStore
from sayso.service.ports_links import LinkRowStore
from sayso.service.ports_schema import SchemaDifferences
from sayso.service.ports_settings import DigestStore, SettingsLogStore, TokenStore


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

    async def page(
        self, workspace_id: str, after: tuple[int, str] | None, limit: int, state: ContactState = ContactState.LIVE
    ) -> list[Contact]:
        """Contacts in a state after (created_at in ms, id), in that order."""

    async def count(self, workspace_id: str, state: ContactState = ContactState.LIVE) -> int:
        """How many contacts there are in a state."""

    async def commit(self, change: Change) -> None: ...

    async def commit_all(self, changes: Sequence[Change]) -> None:
        """Changes of different contacts of one workspace."""


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
    binding_key: bytes | None


class LedgerStore(Protocol):
    """What verification reads: ranges of contacts in order of their ids, `after` exclusive, `upto` inclusive, None for
    no end. Each answer is as of one moment."""

    async def workspaces(self) -> set[str]:
        """The workspaces that contacts, entries, claims, types or settings name, whether they exist or not."""

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
    revision: int = 0


class SubscriptionTypeStore(Protocol):
    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        """In order of creation."""

    async def changed(self, workspace_id: str, since: int) -> list[SubscriptionType]:
        """Those that were made or changed after a version of the workspace, in order of creation."""

    async def notices(self, workspace_id: str) -> list[Notice]: ...

    async def rows(self, workspace_id: str) -> list[TypeRow | Unreadable]:
        """What verification reads: every type that a row or a translation names."""

    async def commit(self, change: TypeChange, logged: SettingsEntry, record: IdempotencyRecord | None = None) -> None:
        """The record is kept with the change or not at all; its key taken is Stale."""


class LinkStore(Protocol):
    async def tags(self, workspace_id: str, contact_id: str) -> tuple[Tagging, ...]:
        """The rows of a contact's tags, in the order of their times."""

    async def of(self, workspace_id: str, contact_id: str, notes: Sequence[str] = ()) -> LinkRows:
        """The tags and companies that changes of a contact have put and not dropped, in any state of it, and when its
        notes with these ids were written."""

    async def merges(
        self, workspace_id: str, contact_id: str, after: tuple[int, str] | None, limit: int, *, newest_first: bool
    ) -> list[MergeRecord]:
        """Who was merged into a contact after (merged_at in ms, source id), in that order or the reverse."""


#: So many contacts of one address are too many to be looked at one by one.
LEADS_LIMIT = 150


class SearchStore(Protocol):
    """Live contacts that a search finds; `matches` of the domain says which."""

    async def identified(self, workspace_id: str, kind: str, value: str) -> list[Contact]:
        """Who may have an email or an external_id, in any order: the user who claims it, users who share it, and leads.
        An email in any spelling. Any `LEADS_LIMIT` of them, or one more."""

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Contact]:
        """Those after a place, in their order."""

    async def count(self, workspace_id: str, query: Node) -> int: ...


class NoteStore(Protocol):
    async def page(self, workspace_id: str, contact_id: str, offset: int, limit: int) -> list[Note]:
        """A contact's notes, newest first."""

    async def find(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        """A note, and the id of the contact it is on."""

    async def take_ids(self, workspace_id: str) -> tuple[int, int]:
        """Ids of notes for the caller alone: the first, and the one after the last. Raises Stale."""


class IdempotencyStore(Protocol):
    async def find(self, workspace_id: str, key: str) -> IdempotencyRecord | None:
        """What was kept under a key, however old; a commit with a record forgets those that are too old."""


class WorkspaceStore(Protocol):
    async def version(self, workspace_id: str) -> int | None: ...

    async def find(self, workspace_id: str) -> Workspace | None: ...

    async def all(self) -> list[Workspace]:
        """In order of creation."""

    async def add(self, workspace: Workspace, admins: Sequence[Admin], logged: Sequence[SettingsEntry]) -> None: ...

    async def set_api_version(self, workspace_id: str, name: str) -> None:
        """Raises Stale where there is no such workspace."""


class AdminStore(Protocol):
    async def all(self, workspace_id: str) -> list[Admin]:
        """In order of creation."""

    async def changed(self, workspace_id: str, since: int) -> list[Admin]:
        """Those that were made after a version of the workspace, in order of creation."""

    async def ids(self, workspace_id: str) -> list[str | None]:
        """What verification reads: the ids, None for one that cannot be read."""

    async def add(self, admin: Admin, logged: SettingsEntry) -> None:
        """Raises Stale where its id is taken, or there is no such workspace."""


class TagStore(Protocol):
    async def all(self, workspace_id: str) -> list[Tag]:
        """The live ones, in order of creation."""

    async def changed(self, workspace_id: str, since: int) -> list[Tag]:
        """Those that were made, changed or deleted after a version of the workspace, in order of creation."""

    async def last(self, workspace_id: str) -> int:
        """The greatest number that a tag ever had; 0 where there was none."""

    async def commit(self, change: TagChange, version: int) -> None:
        """Stale too where the workspace has another version than the one decided on."""


class DataAttributeStore(Protocol):
    async def all(self, workspace_id: str) -> list[DataAttribute]:
        """Archived ones too, in order of creation."""

    async def changed(self, workspace_id: str, since: int) -> list[DataAttribute]:
        """Those that were made or changed after a version of the workspace, in order of creation."""

    async def commit(self, change: AttributeChange, version: int) -> None:
        """Stale too where the workspace has another version than the one decided on."""


class Store(Protocol):
    """One region's data."""

    @property
    def activity(self) -> ActivityStore: ...

    @property
    def admin(self) -> AdminStore: ...

    @property
    def tag(self) -> TagStore: ...

    @property
    def data_attribute(self) -> DataAttributeStore: ...

    @property
    def bulk(self) -> BulkStore: ...

    @property
    def claim(self) -> ClaimStore: ...

    @property
    def company(self) -> CompanyStore: ...

    @property
    def company_search(self) -> CompanySearchStore: ...

    @property
    def contact(self) -> ContactStore: ...

    @property
    def contact_count(self) -> ContactCountStore: ...

    @property
    def digest(self) -> DigestStore: ...

    @property
    def idempotency(self) -> IdempotencyStore: ...

    @property
    def ledger(self) -> LedgerStore: ...

    @property
    def links(self) -> LinkStore: ...

    @property
    def link_rows(self) -> LinkRowStore: ...

    @property
    def note(self) -> NoteStore: ...

    @property
    def data_event(self) -> DataEventStore: ...

    @property
    def scroll(self) -> ScrollStore: ...

    @property
    def search(self) -> SearchStore: ...

    @property
    def settings_log(self) -> SettingsLogStore: ...

    @property
    def subscription_type(self) -> SubscriptionTypeStore: ...

    @property
    def token(self) -> TokenStore: ...

    @property
    def workspace(self) -> WorkspaceStore: ...

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Of all processes on this data, one at a time is inside: for what several might otherwise begin at once."""

    def stop_slow_reads(self) -> None:
        """The server is stopping: searches and the like end with Unavailable, and new ones are refused."""

    def limit_waits(self, seconds: float) -> None:
        """The server is stopping: from now on no write waits for the database for longer than this. What has not begun
        by then is refused; what has no answer is told as unknown."""

    async def compare_schema(self) -> SchemaDifferences:
        """What differs from the schema that the migrations make."""

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

    def binding_key(self) -> bytes:
        """16 random bytes, which bind a chain to its contact."""

    def request(self) -> str:
        """20 hex digits."""

    def uuid(self) -> str:
        """A random UUID, as Intercom gives leads for an external_id."""

    def code(self) -> str:
        """Eight letters and digits: a workspace's or a token's id."""

    def secret(self) -> str:
        """At least 160 random bits, URL-safe."""
