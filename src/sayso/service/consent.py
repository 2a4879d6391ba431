"""Consent: what a contact chose, and choosing."""

from __future__ import annotations

from collections.abc import Callable

from sayso.domain import consent as rules
from sayso.domain.act import Act, Author
from sayso.domain.consent import Wish
from sayso.domain.contact import Change, ContactState
from sayso.domain.errors import ContactNotFound
from sayso.domain.subscription_type import SubscriptionType
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.subscription_type import SubscriptionTypeService
from sayso.service.turns import Turns

_LIVE = ContactState.LIVE


class ConsentService:
    def __init__(self, store: Store, types: SubscriptionTypeService, turns: Turns, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._types = types
        self._turns = turns
        self._clock = clock
        self._ids = ids

    async def choose(
        self,
        author: Author,
        workspace_id: str,
        contact_id: str,
        type_id: str,
        wish_for: Callable[[SubscriptionType], Wish],
    ) -> SubscriptionType:
        """Fulfil a wish about one type, and give the type it was decided on.

        `wish_for` may refuse the type by raising. Raises ContactNotFound, TypeNotFound, Unavailable.
        """
        now = self._clock()
        act = Act(self._ids.act(now), now, author)
        chosen: SubscriptionType
        is_first = True

        async def decide() -> Change | None:
            nonlocal chosen, is_first
            head = await self._store.contact.head(workspace_id, contact_id)
            if head is None or head.state is not _LIVE:
                raise ContactNotFound("there is no such contact")
            # If this try turns out stale, the type may be what another process has changed.
            known = self._types.live(workspace_id, type_id) if is_first else None
            is_first = False
            chosen = known or await self._types.current(workspace_id, type_id)
            return rules.decide(head, chosen, wish_for(chosen), act)

        async with self._turns.of(workspace_id, contact_id):
            await decided(decide, self._store.contact.commit)
        return chosen
