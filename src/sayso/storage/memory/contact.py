"""Contacts in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from sayso.domain.company import Company, CompanyState
from sayso.domain.contact import Change, Claim, Contact, ContactState, Head, Role
from sayso.domain.contact_count import moves
from sayso.domain.errors import Stale
from sayso.domain.links import UNLINKED, LinkRow, Note
from sayso.domain.user_count import additions
from sayso.service.ports import Stored
from sayso.storage.memory.living import Living
from sayso.storage.memory.subscription_type import MemorySubscriptionTypeStore


class MemoryContactStore:
    def __init__(self, types: MemorySubscriptionTypeStore) -> None:
        self._types = types
        self._contacts: dict[tuple[str, str], Contact] = {}
        self._living = Living()
        #: How many contacts of a workspace are in a state and have a role.
        self.counts: defaultdict[str, Counter[tuple[ContactState, Role]]] = defaultdict(Counter)
        self.held: dict[tuple[str, str, str], Claim] = {}
        self.entries: dict[tuple[str, str], list[Stored]] = {}
        self.events: dict[tuple[str, str], list[Change]] = {}
        self.companies: dict[tuple[str, str], Company] = {}
        #: How many live contacts belong to a company, by its workspace and its id.
        self.user_counts: Counter[tuple[str, str]] = Counter()
        #: The rows of each contact's links, by what they are and their first field.
        self.linked: dict[tuple[str, str], dict[tuple[type[LinkRow], str], LinkRow]] = {}

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

    async def page(
        self, workspace_id: str, after: tuple[int, str] | None, limit: int, state: ContactState = ContactState.LIVE
    ) -> list[Contact]:
        if state is ContactState.LIVE:
            return self.live(workspace_id, after, limit)
        places = {
            (contact.created_at, contact.id): contact
            for (owner, _), contact in self._contacts.items()
            if owner == workspace_id and contact.head.state is state
        }
        return [places[place] for place in sorted(places) if after is None or place > after][:limit]

    async def count(self, workspace_id: str, state: ContactState = ContactState.LIVE) -> int:
        return sum(self.counts[workspace_id][state, role] for role in Role)

    def live(self, workspace_id: str, after: tuple[int, str] | None = None, limit: int | None = None) -> list[Contact]:
        """Live contacts in the order (created_at, id)."""
        places = self._living.after(workspace_id, after, limit)
        return [self._contacts[workspace_id, contact_id] for _, contact_id in places]

    async def heads(self, workspace_id: str) -> list[Head]:
        kept = (contact.head for (owner, _), contact in self._contacts.items() if owner == workspace_id)
        return sorted(kept, key=lambda head: head.id)

    async def commit(self, change: Change) -> None:
        await self.commit_all([change])

    async def commit_all(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._guard(change)
        for change in changes:
            self._write(change)

    def _write(self, change: Change) -> None:
        key = (change.before.workspace_id, change.before.id)
        if change.created_at is not None and change.profile is not None:
            self._contacts[key] = Contact(change.after, change.profile, change.created_at, change.links or UNLINKED)
        else:
            self._contacts[key] = self._contacts[key].after(change)
        self._living.follow(self._contacts[key])
        self.counts[key[0]].update(moves(change))
        self.user_counts.update({(key[0], company_id): number for company_id, number in additions(change).items()})
        if change.links is not None:
            self._link(change)
        self._claim(change)
        hashed = change.before.chain.hashed(change.entries, change.after.chain.hash)
        self.entries.setdefault(key, []).extend(Stored(key[1], entry, hash_) for entry, hash_ in hashed)
        self.events.setdefault(key, []).append(change)

    def _guard(self, change: Change) -> None:
        workspace_id = change.before.workspace_id
        kept = self._contacts.get((workspace_id, change.before.id))
        stale = (kept.head.revision if kept else 0) != change.before.revision
        if change.decided_on is not None:
            stale |= self._types.revision(workspace_id, change.decided_on.id) != change.decided_on.revision
        for company_id in change.joined:
            company = self.companies.get((workspace_id, company_id))
            stale |= company is None or company.state is not CompanyState.LIVE
        for kind, value, expired in change.claims.take:
            stale |= self.held.get((workspace_id, kind, value)) != expired
        for claim in (*change.claims.release, *change.claims.mark):
            held = self.held.get((workspace_id, claim.kind, claim.value))
            stale |= held is None or held.contact_id != change.before.id
        if stale:
            raise Stale("somebody was faster")

    def _link(self, change: Change) -> None:
        key = (change.before.workspace_id, change.before.id)
        rows = self.linked.setdefault(key, {})
        for dropped in change.drop:
            rows.pop((type(dropped), dropped[0]), None)
        taken_over = self.linked.get((key[0], change.absorbs), {}) if change.absorbs else {}
        notes = [row for row in taken_over.values() if isinstance(row, Note)]
        for row in (*change.put, *notes):
            rows.setdefault((type(row), row[0]), row)
        if change.after.state.is_empty:
            del self.linked[key]

    def _claim(self, change: Change) -> None:
        owner, contact_id = change.before.workspace_id, change.before.id
        for claim in change.claims.release:
            del self.held[owner, claim.kind, claim.value]
        for kind, value, _ in change.claims.take:
            taken = Claim(kind, value, contact_id, ContactState.LIVE, change.act.at)
            self.held[owner, kind, value] = taken
        for claim in change.claims.mark:
            self.held[owner, claim.kind, claim.value] = claim
