"""Data attributes of a workspace: listed, made, changed, and held against what is said of contacts and companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from sayso.domain import data_attribute as rules
from sayso.domain.data_attribute import AttributeChange, AttributeDraft, DataAttribute, Maker, Model
from sayso.domain.errors import AttributeNotFound, Invalid
from sayso.service.ports import Clock, Store
from sayso.service.snapshot import Snapshot, Snapshots
from sayso.service.turns import Turns

Decide = Callable[[Snapshot], AttributeChange | None]


class DataAttributeService:
    def __init__(self, store: Store, snapshots: Snapshots, clock: Clock) -> None:
        self._store = store
        self._snapshots = snapshots
        self._clock = clock
        self._turns = Turns()

    async def all(self, workspace_id: str) -> list[DataAttribute]:
        """Archived ones too, in order of creation, as the store has them now."""
        return list((await self._snapshots.required(workspace_id)).attributes.values())

    async def create(self, workspace_id: str, admin_id: str, draft: AttributeDraft) -> DataAttribute:
        """Raises Invalid, TooManyAttributes."""

        def decide(snapshot: Snapshot) -> AttributeChange | None:
            known = snapshot.attributes
            maker = Maker(workspace_id, max(known, default=0) + 1, admin_id)
            return rules.create(maker, draft, known.values(), self._clock())

        change = await self._decided(workspace_id, decide)
        assert change is not None
        return change.after

    async def update(self, workspace_id: str, attribute_id: str, draft: AttributeDraft) -> DataAttribute:
        """Raises AttributeNotFound, Invalid, TooManyAttributes."""
        found: DataAttribute

        def decide(snapshot: Snapshot) -> AttributeChange | None:
            nonlocal found
            found = _found(snapshot, attribute_id)
            return rules.update(found, draft, snapshot.attributes.values(), self._clock())

        change = await self._decided(workspace_id, decide)
        return change.after if change else found

    async def checked(
        self, workspace_id: str, model: Model, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What is said after a change, as it is kept: what the change says anew is held against the attributes there
        are. Raises Invalid."""
        said = _said(before, after)
        if not said:
            return dict(after)
        held = await self._snapshots.of(workspace_id)
        if held is not None:
            with suppress(Invalid):
                return {**after, **rules.check_values(rules.of_model(held.attributes.values(), model), said)}
        # Nothing is refused by what was cached.
        current = await self._snapshots.required(workspace_id)
        return {**after, **rules.check_values(rules.of_model(current.attributes.values(), model), said)}

    async def learned(
        self, workspace_id: str, model: Model, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, Any]:
        """As `checked`, but what there is no attribute for gets one. Raises Invalid, TooManyAttributes."""
        said = _said(before, after)
        if not said:
            return dict(after)
        current = await self._snapshots.required(workspace_id)
        known = rules.of_model(current.attributes.values(), model)
        rules.check_values(known, {name: value for name, value in said.items() if name in known})
        drafts = [replace(draft, model=model) for draft in rules.unknown(known, said)]
        for draft in drafts:
            # Before any is made: all of them can be.
            self._learnt(current, draft)
        for draft in drafts:
            await self._decided(workspace_id, partial(self._learnt, draft=draft))
        # What is said to be nothing needs no attribute.
        wanted = {name: value for name, value in after.items() if value is not None or name in known}
        return {**after, **await self.checked(workspace_id, model, before, wanted)}

    def _learnt(self, snapshot: Snapshot, draft: AttributeDraft) -> AttributeChange | None:
        known = snapshot.attributes
        mine = [one for one in known.values() if one.model == draft.model]
        if draft.name in {one.name for one in mine}:
            return None
        maker = Maker(snapshot.workspace.id, max(known, default=0) + 1, snapshot.admins[0].id)
        try:
            # A company's and a contact's may share a name when nobody chose it by hand.
            return rules.create(maker, draft, mine, self._clock())
        except Invalid as refused:
            refused.field = "custom_attributes"
            raise

    async def _decided(self, workspace_id: str, decide: Decide) -> AttributeChange | None:
        async def decide_on(snapshot: Snapshot) -> AttributeChange | None:
            return decide(snapshot)

        async with self._turns.of(workspace_id, "attributes"):
            return await self._snapshots.decided(workspace_id, decide_on, self._store.data_attribute.commit)


def _found(snapshot: Snapshot, attribute_id: str) -> DataAttribute:
    number = int(attribute_id) if attribute_id.isascii() and attribute_id.isdecimal() and len(attribute_id) < 16 else 0
    found = snapshot.attributes.get(number)
    if found is None or str(found.id) != attribute_id:
        raise AttributeNotFound("there is no such data attribute")
    return found


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is said anew."""
    return {name: value for name, value in after.items() if name not in before or not _same(before[name], value)}


def _same(before: object, after: object) -> bool:
    """Whether a value stays: 1, 1.0 and true are three."""
    return type(before) is type(after) and before == after
