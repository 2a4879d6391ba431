"""Contacts: created, found, listed, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sayso.domain import archive as archiving
from sayso.domain import contact as rules
from sayso.domain.act import Act, Author
from sayso.domain.contact import Change, Contact, ContactDraft, ContactState, Head, Role
from sayso.domain.data_attribute import Model
from sayso.domain.errors import ContactNotFound, Invalid
from sayso.domain.ledger import Chain, origin
from sayso.domain.paging import Cursor
from sayso.domain.standing import Standing
from sayso.service.data_attribute import DataAttributeService
from sayso.service.data_event_move import DataEventMoveService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.snapshot import Snapshots
from sayso.service.turns import Turns

#: Where nobody was asked yet.
_UNASKED = Standing()

_LIVE = ContactState.LIVE

#: The states that a contact leaves lists in. What is archived can be deleted, so that comes last.
INACTIVE = (ContactState.ARCHIVED, ContactState.BLOCKED, ContactState.MERGED, ContactState.DELETED)


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One page of a walk; `following` is None on the last."""

    contacts: list[Contact]
    page: int
    total: int
    following: Cursor | None


class ContactService:
    def __init__(
        self,
        store: Store,
        snapshots: Snapshots,
        attributes: DataAttributeService,
        moves: DataEventMoveService,
        turns: Turns,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._attributes = attributes
        self._snapshots = snapshots
        self._moves = moves
        self._turns = turns
        self._clock = clock
        self._ids = ids

    async def find(self, workspace_id: str, contact_id: str) -> Contact:
        """A live contact. Raises ContactNotFound."""
        contact = await self._store.contact.find(workspace_id, contact_id)
        if contact is None or contact.head.state is not _LIVE:
            raise ContactNotFound("there is no such contact")
        return contact

    async def find_by_external_id(self, workspace_id: str, external_id: str) -> Contact:
        """A live user. Raises ContactNotFound."""
        claims = await self._store.contact.claims(workspace_id, {"external_id": external_id})
        claim = claims.get("external_id")
        if claim is None:
            raise ContactNotFound("there is no such contact")
        return await self.find(workspace_id, claim.contact_id)

    async def page(self, workspace_id: str, after: Cursor | None, limit: int) -> ContactPage:
        """Live contacts in the order (created_at, id). The total is counted for the first page and carried along."""
        return await self._page(workspace_id, (_LIVE,), after, limit)

    async def page_of_inactive(self, workspace_id: str, after: Cursor | None, limit: int) -> ContactPage:
        """As `page`, of all other contacts."""
        return await self._page(workspace_id, INACTIVE, after, limit)

    async def create(
        self, author: Author, workspace_id: str, draft: ContactDraft, *, contact_id: str | None = None
    ) -> Contact:
        """`contact_id`: an id that was made for the contact before. Raises Missing, Invalid, DuplicateContact,
        Unavailable."""
        act = self._act(author)
        contact_id = contact_id or self._ids.contact(act.at)
        subject, key = self._ids.subject(), self._ids.binding_key()
        chain = Chain(origin(workspace_id), subject, contact_id=contact_id, binding_key=key)
        new = Head(workspace_id, contact_id, ContactState.LIVE, 0, act.at, chain, _UNASKED)
        tries = count()

        async def decide() -> Change | None:
            checked = await self._checked(workspace_id, {}, draft)
            # Who has its identifiers is asked when they turn out to be taken: most new contacts' are free.
            is_first = next(tries) == 0
            claims = {} if is_first else await self._store.contact.claims(workspace_id, checked.profile.identifiers())
            return rules.create(new, checked, claims, act)

        change = await decided(decide, self._store.contact.commit)
        assert change is not None
        assert change.profile is not None
        return Contact(change.after, change.profile, act.at)

    async def update(
        self, author: Author, workspace_id: str, contact_id: str, draft_of: Callable[[Contact], ContactDraft]
    ) -> Contact:
        """Change a contact to what `draft_of` makes of it. Raises ContactNotFound, Invalid, DuplicateContact."""
        act = self._act(author)
        contact: Contact

        async def decide() -> Change | None:
            nonlocal contact
            contact = await self.find(workspace_id, contact_id)
            draft = await self._checked(workspace_id, contact.profile.custom_attributes, draft_of(contact))
            claims = await self._store.contact.claims(workspace_id, rules.identifiers_wanted(draft.profile))
            return rules.update(contact, draft, claims, act)

        async with self._turns.of(workspace_id, contact_id):
            change = await decided(decide, self._store.contact.commit)
        # Not read again: a read that fails must not make a failure of what was written.
        return contact.after(change) if change else contact

    async def delete(self, author: Author, workspace_id: str, contact_id: str) -> Contact:
        """Delete a contact, live or archived, and give it as it was. Raises ContactNotFound, Unavailable."""
        before, _ = await self.change(author, workspace_id, contact_id, rules.delete, live=False)
        await self._moves.finish_erasure(workspace_id, contact_id)
        return before

    async def archive(self, author: Author, workspace_id: str, contact_id: str) -> Contact:
        """Put a contact away until it is unarchived. Raises ContactNotFound, Unavailable."""
        _, after = await self.change(author, workspace_id, contact_id, archiving.archive)
        return after

    async def block(self, author: Author, workspace_id: str, contact_id: str) -> Contact:
        """Put a contact away for good. Raises ContactNotFound, Unavailable."""
        _, after = await self.change(author, workspace_id, contact_id, archiving.block)
        return after

    async def unarchive(self, author: Author, workspace_id: str, contact_id: str) -> Contact:
        """Bring an archived contact back as it was. Raises ContactNotFound, NotRestorable, Unavailable."""
        _, after = await self.change(author, workspace_id, contact_id, archiving.unarchive, live=False)
        return after

    async def change(
        self,
        author: Author,
        workspace_id: str,
        contact_id: str,
        rule: Callable[[Contact, Act], Change | None],
        *,
        live: bool = True,
    ) -> tuple[Contact, Contact]:
        """A contact before and after what a pure rule decides for it; the same where it decides nothing. Without
        `live` the rule decides on a contact in any state.

        Raises ContactNotFound, Unavailable, and what the rule raises.
        """
        act = self._act(author)
        before: Contact
        find = self.find if live else self._find_in_any_state

        async def decide() -> Change | None:
            nonlocal before
            before = await find(workspace_id, contact_id)
            return rule(before, act)

        async with self._turns.of(workspace_id, contact_id):
            change = await decided(decide, self._store.contact.commit)
        return before, before.after(change) if change else before

    def lead_external_id(self, role: Role) -> str | None:
        """What a new lead gets for an external_id; users bring their own."""
        return self._ids.uuid() if role is Role.LEAD else None

    async def _page(
        self, workspace_id: str, states: Sequence[ContactState], after: Cursor | None, limit: int
    ) -> ContactPage:
        store, start = self._store.contact, (after.at, after.id) if after else None
        total = after.total if after else sum([await store.count(workspace_id, state) for state in states])
        # One that changes its state meanwhile may be found twice: the later state counts.
        by_id = {
            contact.id: contact
            for state in states
            for contact in await store.page(workspace_id, start, limit + 1, state)
        }
        found = sorted(by_id.values(), key=lambda contact: (contact.created_at, contact.id))
        page = after.page + 1 if after else 1
        shown, more = found[:limit], len(found) > limit
        following = Cursor(shown[-1].created_at, shown[-1].id, page, total) if more else None
        return ContactPage(shown, page, total, following)

    async def _find_in_any_state(self, workspace_id: str, contact_id: str) -> Contact:
        contact = await self._store.contact.find(workspace_id, contact_id)
        if contact is None:
            raise ContactNotFound("there is no such contact")
        return contact

    def _act(self, author: Author) -> Act:
        now = self._clock()
        return Act(self._ids.act(now), now, author)

    async def _checked(self, workspace_id: str, said: Mapping[str, Any], draft: ContactDraft) -> ContactDraft:
        """A draft as it is kept. `said`: the custom attributes that the contact has. Raises Invalid."""
        await self._check_owner(workspace_id, draft)
        wanted = draft.profile.custom_attributes
        if not wanted:
            return draft
        kept = await self._attributes.checked(workspace_id, Model.CONTACT, said, wanted)
        return draft._replace(profile=draft.profile._replace(custom_attributes=kept))

    async def _check_owner(self, workspace_id: str, draft: ContactDraft) -> None:
        owner = draft.profile.owner_id
        if owner is None:
            return
        snapshot = await self._snapshots.current(workspace_id)
        if snapshot is None or owner not in {admin.id for admin in snapshot.admins}:
            raise Invalid("The owner specified is not a member of the workspace", "owner_id")
