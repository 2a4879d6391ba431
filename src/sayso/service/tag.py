"""Tags of a workspace: made, renamed, listed, deleted."""

from __future__ import annotations

from collections.abc import Callable

from sayso.domain import tag as rules
from sayso.domain.errors import NotFound, Unavailable
from sayso.domain.tag import Tag, TagChange
from sayso.service.ports import Clock, Store
from sayso.service.snapshot import Snapshot, Snapshots
from sayso.service.turns import Turns

Decide = Callable[[Snapshot], TagChange | None]


class TagService:
    def __init__(self, store: Store, snapshots: Snapshots, clock: Clock) -> None:
        self._store = store
        self._snapshots = snapshots
        self._clock = clock
        self._turns = Turns()

    async def all(self, workspace_id: str) -> list[Tag]:
        """In order of creation, as the store has them now."""
        return list((await self._snapshots.required(workspace_id)).tags.by_id.values())

    async def find(self, workspace_id: str, tag_id: str) -> Tag:
        """Raises NotFound."""
        held = await self._snapshots.of(workspace_id)
        if held is None or tag_id not in held.tags.by_id:
            held = await self._snapshots.required(workspace_id)
        return _found(held, tag_id)

    async def named(self, workspace_id: str, name: str) -> Tag:
        """The tag of a name, made where there is none. Raises Invalid."""

        def decide(snapshot: Snapshot) -> TagChange | None:
            return rules.create(workspace_id, name, snapshot.tags, self._clock())

        made = await self._decided(workspace_id, decide)
        if made is not None:
            return made.after
        found = (await self._snapshots.required(workspace_id)).tags.named(name)
        if found is None:
            raise Unavailable("Too many changes at once; try again")
        return found

    async def rename(self, workspace_id: str, tag_id: str, name: str) -> Tag:
        """Raises NotFound, Invalid, and Conflict where the name is another tag's."""

        def decide(snapshot: Snapshot) -> TagChange | None:
            return rules.rename(_found(snapshot, tag_id), name, snapshot.tags, self._clock())

        change = await self._decided(workspace_id, decide)
        return change.after if change else await self.find(workspace_id, tag_id)

    async def delete(self, workspace_id: str, tag_id: str) -> None:
        """From then on nobody has it. Raises NotFound."""

        def decide(snapshot: Snapshot) -> TagChange | None:
            return rules.delete(_found(snapshot, tag_id), self._clock())

        await self._decided(workspace_id, decide)

    async def _decided(self, workspace_id: str, decide: Decide) -> TagChange | None:
        async def decide_on(snapshot: Snapshot) -> TagChange | None:
            return decide(snapshot)

        async with self._turns.of(workspace_id, "tags"):
            return await self._snapshots.decided(workspace_id, decide_on, self._store.tag.commit)


def _found(snapshot: Snapshot, tag_id: str) -> Tag:
    tag = snapshot.tags.by_id.get(tag_id)
    if tag is None:
        raise NotFound("there is no such tag")
    return tag
