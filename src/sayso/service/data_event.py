"""Data events: submitted, listed, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sayso.domain import contact_event as rules
from sayso.domain import data_event as events
from sayso.domain.act import Act, Author
from sayso.domain.address import normalize_email
from sayso.domain.contact import Change, Contact
from sayso.domain.data_event import DataEvent, EventPlace, Summary
from sayso.domain.errors import ContactNotFound
from sayso.service.contact import ContactService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.turns import Turns


@dataclass(frozen=True, slots=True)
class Named:
    """A contact, by one of: its id, the customer's own id, an email. Leads are found by their id alone."""

    contact_id: str | None = None
    external_id: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events of a contact, newest first; `more`: there are older ones."""

    contact: Contact
    events: list[DataEvent]
    more: bool


class DataEventService:
    def __init__(self, store: Store, contacts: ContactService, turns: Turns, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._contacts = contacts
        self._turns = turns
        self._clock = clock
        self._ids = ids

    async def submit(
        self, author: Author, workspace_id: str, named: Named, name: str, at: int, metadata: Mapping[str, Any]
    ) -> None:
        """Tell of what a contact did at a second. What was told before is ignored.

        Raises ContactNotFound, Missing, Invalid, Unavailable.
        """
        act = self._act(author)
        event = events.submitted(act.id, name, at, metadata)

        async def decide(contact_id: str) -> Change | None:
            contact = await self._contacts.find(workspace_id, contact_id)
            store = self._store.data_event
            if await store.exists(workspace_id, contact_id, name, at):
                return None
            return rules.submit(contact.head, event, await self._summary(workspace_id, contact_id, name), act)

        contact = await self._named(workspace_id, named)
        async with self._turns.of(workspace_id, contact.id):
            await decided(lambda: decide(contact.id), self._store.contact.commit)

    async def summarize(self, author: Author, workspace_id: str, named: Named, summary: Summary) -> None:
        """Say how often a contact did something. Raises ContactNotFound, Invalid, Unavailable."""
        act = self._act(author)

        async def decide(contact_id: str) -> Change | None:
            contact = await self._contacts.find(workspace_id, contact_id)
            before = await self._summary(workspace_id, contact_id, summary.name)
            return None if before == summary else rules.summarize(contact.head, summary, act)

        contact = await self._named(workspace_id, named)
        async with self._turns.of(workspace_id, contact.id):
            await decided(lambda: decide(contact.id), self._store.contact.commit)

    async def page(
        self, workspace_id: str, named: Named, before: EventPlace | None, since: EventPlace | None, limit: int
    ) -> EventPage:
        """The newest events before one place and after another, as far back as events are listed.

        Raises ContactNotFound.
        """
        contact = await self._named(workspace_id, named)
        oldest = (self._clock() // 1000 - events.LISTED_FOR, "")
        since = max(since, oldest) if since else oldest
        found = await self._store.data_event.page(workspace_id, contact.id, before, since, limit + 1)
        return EventPage(contact, found[:limit], len(found) > limit)

    async def summaries(self, workspace_id: str, named: Named) -> tuple[Contact, list[Summary]]:
        """A contact, and what they did how often, by the first time: as many names as a contact may have. After merges
        it may have more. Raises ContactNotFound."""
        contact = await self._named(workspace_id, named)
        return contact, await self._store.data_event.summaries(workspace_id, contact.id, events.NAMES_LIMIT)

    async def _summary(self, workspace_id: str, contact_id: str, name: str) -> Summary | None:
        """What was counted under a name; None for a new one. Raises Invalid where the contact may have no more."""
        store = self._store.data_event
        summary = await store.summary(workspace_id, contact_id, name)
        if summary is None:
            events.check_new_name(await store.count_names(workspace_id, contact_id, events.NAMES_LIMIT))
        return summary

    async def _named(self, workspace_id: str, named: Named) -> Contact:
        if named.contact_id is not None:
            return await self._contacts.find(workspace_id, named.contact_id)
        if named.external_id is not None:
            return await self._contacts.find_by_external_id(workspace_id, named.external_id)
        claims = await self._store.contact.claims(workspace_id, {"email": normalize_email(named.email or "")})
        if "email" not in claims:
            raise ContactNotFound("there is no such contact")
        return await self._contacts.find(workspace_id, claims["email"].contact_id)

    def _act(self, author: Author) -> Act:
        now = self._clock()
        return Act(self._ids.act(now), now, author)
