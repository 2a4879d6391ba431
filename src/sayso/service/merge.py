"""Merging a contact into another one, and what was merged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sayso.domain import merge as rules
from sayso.domain.act import Act, Author
from sayso.domain.company import Company
from sayso.domain.contact import Contact, ContactState, Role, identifiers_wanted
from sayso.domain.errors import HistoryNotFound, Invalid
from sayso.domain.links import LinkRows, MergeRecord
from sayso.domain.merge import LEADS_INTO_USERS, Merge, Roles
from sayso.service.contact import ContactService
from sayso.service.data_event_move import DataEventMoveService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.turns import Turns

#: How many merges are followed from a contact that is gone to the one that has all now.
HOPS = 3

#: How many companies of each contact a preview names.
LISTED = 50

#: How many of the merges into a contact are told beside it: as many as a page of its history has by default.
LATEST = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do: both contacts as they are, and the second as it would be. `companies` are the live ones
    among the first `LISTED` of each of them, by id; none are read where the second gains none."""

    source: Contact
    into: Contact
    after: Contact
    companies: Mapping[str, Company]


@dataclass(frozen=True, slots=True)
class History:
    """A page of the merges into a contact, and whether there are more."""

    records: list[MergeRecord]
    has_more: bool


class MergeService:
    def __init__(
        self,
        store: Store,
        contacts: ContactService,
        moves: DataEventMoveService,
        turns: Turns,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._moves = moves
        self._turns = turns
        self._clock = clock
        self._ids = ids

    async def merge(
        self,
        author: Author,
        workspace_id: str,
        source_id: str,
        into_id: str,
        *,
        duplicates_only: bool,
        roles: Collection[Roles] = LEADS_INTO_USERS,
    ) -> Contact:
        """Merge a contact into another one, and give that one as it is then. Where the source has more data events than
        one transaction moves, the others follow before this returns, without the contacts' turns.

        Raises ContactNotFound, Invalid, NotDuplicates, Unavailable.
        """
        if source_id == into_id:
            raise Invalid("a contact cannot be merged into itself", "from")
        now = self._clock()
        acts = [Act(self._ids.act(now), now, author)]
        into: Contact

        async def decide() -> Merge | None:
            nonlocal into
            source = await self._contacts.find(workspace_id, source_id)
            into = await self._contacts.find(workspace_id, into_id)
            return await self._decide(into, source, acts, duplicates_only=duplicates_only, roles=roles)

        first, second = sorted((source_id, into_id))
        async with self._turns.of(workspace_id, first), self._turns.of(workspace_id, second):
            merge = await decided(decide, self._store.contact.commit_all)
        assert merge is not None
        await self._moves.finish(workspace_id, source_id)
        return into.after(merge.survivor)

    async def preview(
        self,
        author: Author,
        workspace_id: str,
        source_id: str,
        into_id: str,
        *,
        duplicates_only: bool,
        roles: Collection[Roles] = LEADS_INTO_USERS,
    ) -> Preview:
        """What `merge` would do now; nothing is written. Raises as `merge`."""
        source = await self._contacts.find(workspace_id, source_id)
        into = await self._contacts.find(workspace_id, into_id)
        if source_id == into_id:
            raise Invalid("a contact cannot be merged into itself", "from")
        now = self._clock()
        acts = [Act(self._ids.act(now), now, author)]
        merge = await self._decide(into, source, acts, duplicates_only=duplicates_only, roles=roles)
        after = into.after(merge.survivor)
        shown: dict[str, None] = {}
        if after.links.companies != into.links.companies:
            for contact in (source, into, after):
                shown |= dict.fromkeys(contact.links.companies[:LISTED])
        companies = await self._store.company.several(workspace_id, list(shown))
        return Preview(source, into, after, {company.id: company for company in companies})

    async def _decide(
        self, into: Contact, source: Contact, acts: list[Act], *, duplicates_only: bool, roles: Collection[Roles]
    ) -> Merge:
        """`acts` grows to as many as are needed. Raises Invalid, NotDuplicates."""
        workspace_id = into.head.workspace_id
        rules.check(into, source, duplicates_only=duplicates_only, roles=roles)
        rows = (
            await self._store.links.of(workspace_id, into.id, into.links.notes.newest),
            await self._movable(workspace_id, source),
        )
        known_by = identifiers_wanted(rules.filled(into.profile, source.profile))
        claims = await self._store.contact.claims(workspace_id, known_by)
        # Kept for the next try: what was written is found by them.
        while len(acts) < rules.acts_needed(source.head.standing):
            _, at, author = acts[0]
            acts.append(Act(self._ids.act(at), at, author))
        return rules.merge(into, source, rows, claims, acts)

    async def _movable(self, workspace_id: str, source: Contact) -> LinkRows:
        """The rows of a contact's links, without companies that somebody deletes just now."""
        rows = await self._store.links.of(workspace_id, source.id, source.links.notes.newest)
        live = await self._store.company.live(workspace_id, [row.company_id for row in rows.companies])
        return rows._replace(companies=tuple(row for row in rows.companies if row.company_id in live))

    async def canonical(self, workspace_id: str, contact_id: str) -> str | None:
        """The live contact that has what was another's; None where that one was not merged away."""
        contact = await self._store.contact.find(workspace_id, contact_id)
        for _ in range(HOPS):
            if contact is None or contact.head.state is not ContactState.MERGED or contact.profile.merged_into is None:
                return None
            contact = await self._store.contact.find(workspace_id, contact.profile.merged_into)
            if contact is not None and contact.head.state is ContactState.LIVE:
                return contact.id
        return None

    async def history(
        self, workspace_id: str, contact_id: str, after: tuple[int, str] | None, limit: int, *, newest_first: bool
    ) -> History:
        """The merges into a live user after (merged_at in ms, source id). Raises HistoryNotFound."""
        contact = await self._store.contact.find(workspace_id, contact_id)
        if contact is None or contact.head.state is not ContactState.LIVE or contact.profile.role is not Role.USER:
            raise HistoryNotFound("Contact not found")
        links = self._store.links
        found = await links.merges(workspace_id, contact_id, after, limit + 1, newest_first=newest_first)
        return History(found[:limit], len(found) > limit)

    async def latest(self, workspace_id: str, contact_id: str) -> list[MergeRecord]:
        """The latest merges into a contact, the last one first."""
        return await self._store.links.merges(workspace_id, contact_id, None, LATEST, newest_first=True)
