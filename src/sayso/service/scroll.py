"""The scroll over all companies: begun, gone on with, closed at its end."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain import scroll as rules
from sayso.domain.company import Company
from sayso.domain.errors import ScrollNotFound
from sayso.domain.scroll import Scroll
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store


@dataclass(frozen=True, slots=True)
class _Step:
    """One page: the scroll as it is kept, and after it; None where it ends."""

    held: Scroll | None
    after: Scroll | None


class ScrollService:
    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def page(self, workspace_id: str, scroll_id: str | None) -> tuple[str | None, list[Company]]:
        """The scroll's id and its next companies, in the order of their ids; without an id the first ones of a new
        scroll. None left: it is closed, and there is no id.

        Raises ScrollExists, ScrollNotFound, Unavailable.
        """
        current: Scroll
        found: list[Company]
        new_id = self._ids.uuid()

        async def decide() -> _Step:
            nonlocal current, found
            now, held = self._clock(), await self._store.scroll.find(workspace_id)
            if scroll_id is None:
                current = rules.begin(held, workspace_id, new_id, now)
            else:
                current = rules.go_on(held, scroll_id, now)
            found = await self._store.company.after(workspace_id, current.place, rules.PAGE)
            if found:
                return _Step(held, rules.moved(current, found[-1].id, now))
            return _Step(held, rules.begin_in_vain(held, current, now) if scroll_id is None else None)

        step = await decided(decide, self._commit)
        if scroll_id is None and (step is None or step.after is None):
            raise ScrollNotFound("there are no companies to scroll over")
        return current.id if found else None, found

    async def _commit(self, step: _Step) -> None:
        if step.after is not None:
            await self._store.scroll.commit(step.held, step.after)
        elif step.held is not None:
            await self._store.scroll.close(step.held)
