"""Companies: made, found, listed, changed, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from sayso.domain import company as rules
from sayso.domain import contact_company
from sayso.domain.act import Act, Author
from sayso.domain.company import Company, CompanyChange, CompanyProfile, CompanyState
from sayso.domain.contact import Change
from sayso.domain.data_attribute import Model
from sayso.domain.errors import CompanyNotFound, Unavailable
from sayso.service.background import Background
from sayso.service.data_attribute import DataAttributeService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.ports_company import CompanyFilter
from sayso.service.turns import Turns

#: How many contacts are detached at once when their company is deleted, and how many before the deletion is answered.
PORTION = 100
BEFORE_THE_ANSWER = 1_000

#: Who detaches the contacts of a company whose deletion was cut short.
_SYSTEM = Author("system", "sayso", "deletion", "")

Rule = Callable[[Company, Act], CompanyChange | None]

#: What somebody asks a company to be known by, of what it is known by, at a time in ms.
Wish = Callable[[CompanyProfile, int], CompanyProfile]


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """One page of a list, and how many companies there are in it all."""

    companies: list[Company]
    total: int


class CompanyService:
    def __init__(self, store: Store, attributes: DataAttributeService, turns: Turns, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._attributes = attributes
        self._contact_turns = turns
        self._turns = Turns()
        self._clock = clock
        self._ids = ids
        self.background = Background()

    async def find(self, workspace_id: str, company_id: str) -> Company:
        """A live company. Raises CompanyNotFound."""
        company = await self._store.company.find(workspace_id, company_id)
        if company is None or company.state is not CompanyState.LIVE:
            raise CompanyNotFound("there is no such company")
        return company

    async def find_by_external_id(self, workspace_id: str, external_id: str) -> Company:
        """A live company. Raises CompanyNotFound."""
        company = await self._holder(workspace_id, external_id)
        if company is None:
            raise CompanyNotFound("there is no such company")
        return company

    async def page(self, workspace_id: str, wanted: CompanyFilter, number: int, size: int) -> CompanyPage:
        """Live companies; pages count from 1."""
        total = await self._store.company.count(workspace_id, wanted)
        found = await self._store.company.page(workspace_id, wanted, size, (number - 1) * size)
        return CompanyPage(found, total)

    async def put(self, author: Author, workspace_id: str, external_id: str | None, wish: Wish) -> Company:
        """Change the company that has this id of the customer's, or create it; without an id create one that gets one.

        Raises Invalid, Unavailable.
        """
        act = self._act(author)
        own_id = self._ids.uuid() if external_id is None else external_id
        held: Company | None = None

        async def decide() -> CompanyChange | None:
            nonlocal held
            held = await self._holder(workspace_id, own_id)
            if held is None:
                profile = wish(CompanyProfile(own_id), act.at)
                return await self._learned(rules.create(workspace_id, self._ids.contact(act.at), profile, act))
            return await self._learned(rules.update(held, wish(held.profile, act.at), act))

        change = await self.commit(workspace_id, own_id, decide)
        company = change.after if change else held
        assert company is not None
        return company

    async def update(self, author: Author, workspace_id: str, company_id: str, wish: Wish) -> Company:
        """Raises CompanyNotFound, Invalid, Unavailable."""
        return await self.change(
            author, workspace_id, company_id, lambda held, act: rules.update(held, wish(held.profile, act.at), act)
        )

    async def change(self, author: Author, workspace_id: str, company_id: str, rule: Rule) -> Company:
        """A live company after what a pure rule decides for it, which may be nothing.

        Raises CompanyNotFound, Unavailable, and what the rule raises.
        """
        act = self._act(author)
        held: Company

        async def decide() -> CompanyChange | None:
            nonlocal held
            held = await self.find(workspace_id, company_id)
            return await self._learned(rule(held, act))

        change = await self.commit(workspace_id, company_id, decide)
        return change.after if change else held

    async def commit(
        self, workspace_id: str, name: str, decide: Callable[[], Awaitable[CompanyChange | None]]
    ) -> CompanyChange | None:
        """Commit what is decided for a company, which may be nothing, in its turn; it is decided again when somebody
        was faster. `name` is its id, or the external_id of one that may not be there yet.

        Raises what `decide` raises, Unavailable.
        """
        async with self._turns.of(workspace_id, name):
            return await decided(decide, self._store.company.commit)

    async def delete(self, author: Author, workspace_id: str, company_id: str) -> None:
        """Delete a company, then detach its contacts: the first thousand before this returns, the others after it.

        One that was cut short is taken up by the same request again, or by the next process that starts.
        Raises CompanyNotFound, Unavailable.
        """
        act = self._act(author)

        async def decide() -> CompanyChange | None:
            company = await self._store.company.find(workspace_id, company_id)
            if company is None:
                raise CompanyNotFound("there is no such company")
            return rules.delete(company, act) if company.state is CompanyState.LIVE else None

        await self.commit(workspace_id, company_id, decide)
        if not await self._empty(author, workspace_id, company_id):
            self.background.start(partial(self._finish, author, workspace_id, company_id))

    def take_up(self) -> None:
        """Begin to finish what was left of deletions when a process ended."""
        self.background.start(self._take_up)

    async def _take_up(self) -> None:
        for workspace in await self._store.workspace.all():
            for company_id in await self._store.company.deleted(workspace.id):
                await self._finish(_SYSTEM, workspace.id, company_id)

    async def _finish(self, author: Author, workspace_id: str, company_id: str) -> None:
        done = False
        while not done:
            try:
                done = await self._empty(author, workspace_id, company_id)
            except Unavailable as refused:
                await asyncio.sleep(refused.retry_after)

    async def _learned(self, change: CompanyChange | None) -> CompanyChange | None:
        """A change with what it says by custom attributes as that is kept. Raises Invalid."""
        if change is None:
            return None
        before = change.before.profile.custom_attributes if change.before else {}
        profile = change.after.profile
        kept = await self._attributes.learned(
            change.after.workspace_id, Model.COMPANY, before, profile.custom_attributes
        )
        return change._replace(after=replace(change.after, profile=replace(profile, custom_attributes=kept)))

    def _act(self, author: Author) -> Act:
        now = self._clock()
        return Act(self._ids.act(now), now, author)

    async def _holder(self, workspace_id: str, external_id: str) -> Company | None:
        rules.check_external_id(external_id)
        claim = (await self._store.contact.claims(workspace_id, {rules.CLAIM: external_id})).get(rules.CLAIM)
        company = claim and await self._store.company.find(workspace_id, claim.contact_id)
        return company if company and company.state is CompanyState.LIVE else None

    async def _empty(self, author: Author, workspace_id: str, company_id: str) -> bool:
        """Detach contacts of a deleted company, a thousand at most; whether that is all. Nobody joins it any more."""
        for _ in range(BEFORE_THE_ANSWER // PORTION):
            attached = await self._store.company.attached(workspace_id, company_id, PORTION)
            if not attached:
                await self._store.company.forget(workspace_id, company_id)
                return True
            act = self._act(author)
            left = await asyncio.gather(
                *(self._leave(act, workspace_id, contact_id, company_id) for contact_id in attached)
            )
            if not any(left):
                # Somebody else has detached them, or no change of ours does.
                return True
        return False

    async def _leave(self, act: Act, workspace_id: str, contact_id: str, company_id: str) -> bool:
        """Detach a contact in any state; whether it belonged to the company."""

        async def decide() -> Change | None:
            contact = await self._store.contact.find(workspace_id, contact_id)
            change = contact_company.detach(contact, company_id, act) if contact else None
            # Nobody reads a deleted company's number of contacts: without their companies the change leaves it alone.
            return change and change._replace(former_companies=None)

        async with self._contact_turns.of(workspace_id, contact_id):
            return await decided(decide, self._store.contact.commit) is not None
