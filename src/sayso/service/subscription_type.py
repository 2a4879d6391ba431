"""Subscription types: made, read, changed, published, archived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sayso.domain import subscription_type as rules
from sayso.domain.act import SYSTEM, Author
from sayso.domain.errors import Stale, TypeNotFound, Unavailable
from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.settings_log import of_type
from sayso.domain.subscription_type import SubscriptionType, Translation, TypeChange, TypeDraft, TypeId, TypeState
from sayso.service.decided import decided
from sayso.service.ports import Clock, Store
from sayso.service.settings_log import SettingsLog
from sayso.service.snapshot import Snapshots

Keep = Callable[[SubscriptionType], IdempotencyRecord | None]

_LIVE = TypeState.LIVE


class SubscriptionTypeService:
    def __init__(self, store: Store, snapshots: Snapshots, log: SettingsLog, clock: Clock) -> None:
        self._store = store
        self._snapshots = snapshots
        self._log = log
        self._clock = clock

    async def all(self, workspace_id: str) -> list[SubscriptionType]:
        """Every type in any state, in order of creation, as the store has them now: a process that made one may be
        another than the one that lists them."""
        return list((await self._snapshots.required(workspace_id)).types.values())

    def live(self, workspace_id: str, type_id: str) -> SubscriptionType | None:
        """A type that is live in a snapshot at most a second old: nothing is asked. None where that does not tell."""
        held = self._snapshots.held(workspace_id)
        known = None if held is None else held.types.get(type_id)
        return known if known is not None and known.state is _LIVE else None

    async def create(
        self, workspace_id: str, draft: TypeDraft, keep: Keep | None = None, *, author: Author = SYSTEM
    ) -> SubscriptionType:
        """A new type; `keep` makes the record to be kept with it. Raises NotFound, Missing and Invalid."""

        async def decide() -> TypeChange | None:
            known = (await self._snapshots.required(workspace_id)).types
            number = int(next(reversed(known), "0")) + 1
            return rules.create(workspace_id, TypeId(str(number)), draft, self._clock())

        change = await self._commit(workspace_id, decide, author, keep)
        assert change is not None
        return change.after

    async def update(
        self, workspace_id: str, type_id: str, draft: TypeDraft, *, author: Author = SYSTEM
    ) -> SubscriptionType:
        """Raises TypeNotFound, Invalid and TypeFixed."""

        async def decide() -> TypeChange | None:
            return rules.update(await self.current(workspace_id, type_id), draft, self._clock())

        change = await self._commit(workspace_id, decide, author)
        return change.after if change else await self.current(workspace_id, type_id)

    async def translate(
        self, workspace_id: str, type_id: str, translation: Translation, *, author: Author = SYSTEM
    ) -> SubscriptionType:
        """Raises TypeNotFound and Invalid."""

        async def decide() -> TypeChange | None:
            return rules.translate(await self.current(workspace_id, type_id), translation, self._clock())

        change = await self._commit(workspace_id, decide, author)
        return change.after if change else await self.current(workspace_id, type_id)

    async def _commit(
        self,
        workspace_id: str,
        decide: Callable[[], Awaitable[TypeChange | None]],
        author: Author,
        keep: Keep | None = None,
    ) -> TypeChange | None:
        async def commit(change: TypeChange) -> None:
            record = keep(change.after) if keep else None
            logged = await self._log.next(workspace_id, of_type(change.after), author)
            try:
                await self._store.subscription_type.commit(change, logged, record)
            except Stale:
                await self._refuse_answered(record)
                raise

        change = await decided(decide, commit)
        await self._snapshots.renew(workspace_id)
        return change

    async def _refuse_answered(self, record: IdempotencyRecord | None) -> None:
        """A key that another process took stays taken: no further try would be better. Raises Unavailable."""
        kept = record and await self._store.idempotency.find(record.workspace_id, record.key)
        if record and kept and kept.is_kept(record.at):
            raise Unavailable("The same request was answered just now; nothing was written, try again")

    async def current(self, workspace_id: str, type_id: str) -> SubscriptionType:
        """A type as the store has it now, in any state. Raises TypeNotFound."""
        found = (await self._snapshots.required(workspace_id)).types.get(type_id)
        if found is None:
            raise TypeNotFound("there is no such subscription type")
        return found
