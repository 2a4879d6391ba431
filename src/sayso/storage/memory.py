"""A store in memory, for tests: the same meaning as the databases', held to the same suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from sayso.domain.access import Admin, Token, Workspace
from sayso.domain.contact import Change, Claim, Contact, ContactState, Head
from sayso.domain.errors import NotFound, Stale
from sayso.domain.idempotency import KEPT_FOR, IdempotencyRecord
from sayso.domain.subscription_type import Notice, SubscriptionType, TypeChange
from sayso.service.ports import ClaimRow, HeadRow, HolderRow, Stored, TypeRow, Unreadable

Key = tuple[str, str]


class MemoryStore:
    """`ports.Store` in dictionaries."""

    def __init__(self) -> None:
        self.workspace = MemoryWorkspaceStore()
        self.idempotency = MemoryIdempotencyStore()
        self.subscription_type = MemorySubscriptionTypeStore(self.workspace, self.idempotency)
        self.contact = MemoryContactStore(self.subscription_type)
        self.claim = MemoryClaimStore(self.contact)
        self.ledger = MemoryLedgerStore(self.contact)
        self.token = MemoryTokenStore(self.workspace)

    def alone(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass


class MemoryWorkspaceStore:
    def __init__(self) -> None:
        self._workspaces: dict[str, Workspace] = {}
        self._admins: dict[str, list[Admin]] = {}
        self._versions: dict[str, int] = {}

    def raise_version(self, workspace_id: str) -> None:
        self._versions[workspace_id] += 1

    async def version(self, workspace_id: str) -> int | None:
        return self._versions.get(workspace_id)

    async def find(self, workspace_id: str) -> Workspace | None:
        kept = self._workspaces.get(workspace_id)
        return kept and replace(kept, version=self._versions[kept.id])

    async def all(self) -> list[Workspace]:
        order = sorted(self._workspaces.values(), key=lambda workspace: (workspace.created_at, workspace.id))
        return [found for workspace in order if (found := await self.find(workspace.id))]

    async def admins(self, workspace_id: str) -> list[Admin]:
        return list(self._admins.get(workspace_id, ()))

    async def add(self, workspace: Workspace, admins: Sequence[Admin]) -> None:
        self._workspaces[workspace.id] = workspace
        self._versions[workspace.id] = workspace.version
        self._admins[workspace.id] = list(admins)


class MemorySubscriptionTypeStore:
    def __init__(self, workspaces: MemoryWorkspaceStore, idempotency: MemoryIdempotencyStore) -> None:
        self._workspaces = workspaces
        self._idempotency = idempotency
        self._types: dict[Key, SubscriptionType] = {}
        self.kept_notices: dict[str, list[Notice]] = {}

    def revision(self, workspace_id: str, type_id: str) -> int | None:
        kept = self._types.get((workspace_id, type_id))
        return kept.revision if kept else None

    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        found = (type_ for (owner, _), type_ in self._types.items() if owner == workspace_id)
        return sorted(found, key=lambda type_: int(type_.id))

    async def notices(self, workspace_id: str) -> list[Notice]:
        kept = self.kept_notices.get(workspace_id, [])
        return sorted(kept, key=lambda notice: (notice.type_id, notice.version, notice.translation.locale))

    async def rows(self, workspace_id: str) -> list[TypeRow | Unreadable]:
        return [
            TypeRow(
                type_.id,
                type_.translations,
                type_.wording,
                type_.default_locale,
                type_.state,
                type_.consent_type,
                type_.channels,
            )
            for type_ in await self.all(workspace_id)
        ]

    async def commit(self, change: TypeChange, record: IdempotencyRecord | None = None) -> None:
        after = change.after
        key = (after.workspace_id, after.id)
        if self._types.get(key) != change.before or await self._workspaces.version(after.workspace_id) is None:
            raise Stale("somebody was faster")
        if record is not None:
            self._idempotency.keep(record)
        self._types[key] = after
        self.kept_notices.setdefault(after.workspace_id, []).extend(change.notices)
        self._workspaces.raise_version(after.workspace_id)


class MemoryIdempotencyStore:
    def __init__(self) -> None:
        self._records: dict[Key, IdempotencyRecord] = {}

    async def find(self, workspace_id: str, key: str) -> IdempotencyRecord | None:
        return self._records.get((workspace_id, key))

    def keep(self, record: IdempotencyRecord) -> None:
        kept = self._records.items()
        self._records = {place: old for place, old in kept if old.at > record.at - KEPT_FOR}
        if (record.workspace_id, record.key) in self._records:
            raise Stale("somebody was faster")
        self._records[record.workspace_id, record.key] = record


class MemoryContactStore:
    def __init__(self, types: MemorySubscriptionTypeStore) -> None:
        self._types = types
        self._contacts: dict[Key, Contact] = {}
        self.held: dict[tuple[str, str, str], Claim] = {}
        self.entries: dict[Key, list[Stored]] = {}
        self.events: dict[Key, list[Change]] = {}

    async def standing(self, workspace_id: str, contact_id: str) -> str | None:
        head = await self.head(workspace_id, contact_id)
        return head.standing.packed() if head and head.state is ContactState.LIVE else None

    async def head(self, workspace_id: str, contact_id: str) -> Head | None:
        contact = self._contacts.get((workspace_id, contact_id))
        return contact.head if contact else None

    async def find(self, workspace_id: str, contact_id: str) -> Contact | None:
        return self._contacts.get((workspace_id, contact_id))

    async def claims(self, workspace_id: str, wanted: Mapping[str, str]) -> dict[str, Claim]:
        held = {kind: self.held.get((workspace_id, kind, value)) for kind, value in wanted.items()}
        return {kind: claim for kind, claim in held.items() if claim}

    async def page(self, workspace_id: str, after: tuple[int, str] | None, limit: int) -> list[Contact]:
        return [contact for contact in self._live(workspace_id) if not after or _place(contact) > after][:limit]

    async def count(self, workspace_id: str) -> int:
        return len(self._live(workspace_id))

    async def heads(self, workspace_id: str) -> list[Head]:
        kept = (contact.head for (owner, _), contact in self._contacts.items() if owner == workspace_id)
        return sorted(kept, key=lambda head: head.id)

    async def commit(self, change: Change) -> None:
        self._guard(change)
        key = (change.before.workspace_id, change.before.id)
        if change.created_at is not None and change.profile is not None:
            self._contacts[key] = Contact(change.after, change.profile, change.created_at)
        else:
            kept = self._contacts[key]
            self._contacts[key] = Contact(change.after, change.profile or kept.profile, kept.created_at)
        self._claim(change)
        hash_ = change.after.chain.hash or b""
        self.entries.setdefault(key, []).extend(Stored(key[1], entry, hash_) for entry in change.entries)
        self.events.setdefault(key, []).append(change)

    def _live(self, workspace_id: str) -> list[Contact]:
        kept = (contact for (owner, _), contact in self._contacts.items() if owner == workspace_id)
        return sorted((contact for contact in kept if contact.head.state is ContactState.LIVE), key=_place)

    def _guard(self, change: Change) -> None:
        workspace_id = change.before.workspace_id
        kept = self._contacts.get((workspace_id, change.before.id))
        stale = (kept.head.revision if kept else 0) != change.before.revision
        if change.decided_on is not None:
            stale |= self._types.revision(workspace_id, change.decided_on.id) != change.decided_on.revision
        for kind, value, expired in change.claims.take:
            stale |= self.held.get((workspace_id, kind, value)) != expired
        for claim in (*change.claims.release, *change.claims.mark):
            held = self.held.get((workspace_id, claim.kind, claim.value))
            stale |= held is None or held.contact_id != change.before.id
        if stale:
            raise Stale("somebody was faster")

    def _claim(self, change: Change) -> None:
        owner, contact_id = change.before.workspace_id, change.before.id
        for claim in change.claims.release:
            del self.held[owner, claim.kind, claim.value]
        for kind, value, _ in change.claims.take:
            taken = Claim(kind, value, contact_id, ContactState.LIVE, change.act.at)
            self.held[owner, kind, value] = taken
        for claim in change.claims.mark:
            self.held[owner, claim.kind, claim.value] = claim


class MemoryClaimStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def holders(self, workspace_id: str, after: str, limit: int) -> list[HolderRow | Unreadable]:
        ids = [head.id for head in await self._contacts.heads(workspace_id) if head.id > after]
        return await self.named(workspace_id, ids[:limit])

    async def named(self, workspace_id: str, contact_ids: Sequence[str]) -> list[HolderRow | Unreadable]:
        found = [await self._contacts.find(workspace_id, contact_id) for contact_id in contact_ids]
        return [_holder(contact) for contact in found if contact]

    async def rows(self, workspace_id: str, after: tuple[str, str], limit: int) -> list[ClaimRow | Unreadable]:
        kept = sorted(place for place in self._contacts.held if place[0] == workspace_id and place[1:] > after)
        return [_claim(self._contacts.held[place]) for place in kept[:limit]]

    async def on(self, workspace_id: str, kind: str, values: Sequence[str]) -> list[ClaimRow | Unreadable]:
        found = [self._contacts.held.get((workspace_id, kind, value)) for value in values]
        return [_claim(claim) for claim in found if claim]


class MemoryLedgerStore:
    def __init__(self, contacts: MemoryContactStore) -> None:
        self._contacts = contacts

    async def workspaces(self) -> set[str]:
        return {workspace_id for workspace_id, _ in self._contacts.events}

    async def head(self, workspace_id: str, contact_id: str) -> HeadRow | Unreadable | None:
        head = await self._contacts.head(workspace_id, contact_id)
        return _row(head) if head else None

    async def chain(self, workspace_id: str, contact_id: str) -> list[Stored | Unreadable]:
        return list(self._contacts.entries.get((workspace_id, contact_id), ()))

    async def heads(self, workspace_id: str, after: str, limit: int) -> list[HeadRow | Unreadable]:
        kept = [head for head in await self._contacts.heads(workspace_id) if head.id > after]
        return [_row(head) for head in kept[:limit]]

    async def stored(self, workspace_id: str, after: str, upto: str | None) -> list[Stored | Unreadable]:
        chains = sorted(self._contacts.entries.items())
        return [
            stored
            for (owner, contact_id), chain in chains
            if owner == workspace_id and _within(contact_id, after, upto)
            for stored in chain
        ]

    async def unannounced(self, workspace_id: str, after: str, upto: str | None) -> list[tuple[str, int | None]]:
        found: list[tuple[str, int | None]] = []
        for stored in await self.stored(workspace_id, after, upto):
            changes = self._contacts.events.get((workspace_id, stored.contact_id), ())
            announced = {entry.seq for change in changes for entry in change.entries}
            if isinstance(stored, Stored) and stored.entry.seq not in announced:
                found.append((stored.contact_id, stored.entry.seq))
        return found

    async def unfounded(self) -> list[tuple[str, str, int | None]]:
        return []


class MemoryTokenStore:
    def __init__(self, workspaces: MemoryWorkspaceStore) -> None:
        self._workspaces = workspaces
        self._tokens: dict[Key, Token] = {}

    async def find(self, digest: bytes) -> Token | None:
        found = [token for token in self._tokens.values() if token.digest == digest]
        return max(found, key=lambda token: token.created_at, default=None)

    async def all(self, workspace_id: str) -> list[Token]:
        kept = (token for token in self._tokens.values() if token.workspace_id == workspace_id)
        return sorted(kept, key=lambda token: (token.created_at, token.id))

    async def add(self, token: Token) -> None:
        self._tokens[token.workspace_id, token.id] = token

    async def revoke(self, workspace_id: str, token_id: str, at: int) -> None:
        token = self._tokens.get((workspace_id, token_id))
        if token is None or token.revoked_at is not None:
            raise NotFound(f"there is no token {token_id} that works")
        self._tokens[workspace_id, token_id] = replace(token, revoked_at=at)
        self._workspaces.raise_version(workspace_id)


def _place(contact: Contact) -> tuple[int, str]:
    return contact.created_at, contact.id


def _row(head: Head) -> HeadRow:
    chain = head.chain
    return HeadRow(head.id, bytes.fromhex(chain.subject), chain.seq, chain.hash, head.standing.packed())


def _holder(contact: Contact) -> HolderRow:
    head, profile = contact.head, contact.profile
    return HolderRow(head.id, head.revision, head.state, profile.role, profile.external_id, profile.email)


def _claim(claim: Claim) -> ClaimRow:
    return ClaimRow(claim.kind, claim.value, claim.contact_id, claim.state)


def _within(contact_id: str, after: str, upto: str | None) -> bool:
    return contact_id > after and (upto is None or contact_id <= upto)
