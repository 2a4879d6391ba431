"""Subscription types in a store, with every wording they ever had."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import NOON, draft
from tests.storage.conftest import ACME, keep_type

from sayso.domain import subscription_type as types
from sayso.domain.access import Workspace
from sayso.domain.errors import Stale
from sayso.domain.subscription_type import SubscriptionType, Translation, TypeDraft, TypeId, TypeState
from sayso.service.ports import Store
from sayso.storage.engine import Row
from sayso.storage.store import SqlStore


async def test_a_type_is_found_as_it_was_given(store: Store, newsletter: SubscriptionType):
    assert [newsletter] == await store.subscription_type.all(ACME)
    assert [] == await store.subscription_type.all("globex")


async def test_types_come_in_the_order_of_their_numbers(store: Store, workspace: Workspace):
    for number in ("10", "9", "1"):
        await keep_type(store, types.create(ACME, TypeId(number), draft(), NOON))

    assert ["1", "9", "10"] == [type_.id for type_ in await store.subscription_type.all(ACME)]


async def test_a_type_that_is_made_while_types_are_read_is_read_with_its_texts_or_not_at_all(
    store: Store, newsletter: SubscriptionType, monkeypatch: pytest.MonkeyPatch
):
    made = [types.create(ACME, TypeId("2"), draft(), NOON)]
    if isinstance(store, SqlStore):
        read = store.engine.read

        async def read_with_others_about(sql: str, *params: object) -> list[Row]:
            rows = await read(sql, *params)
            if made:
                await keep_type(store, made.pop())
            return rows

        monkeypatch.setattr(store.engine, "read", read_with_others_about)

    assert [newsletter] == await store.subscription_type.all(ACME)
    assert isinstance(store, SqlStore) is not bool(made)


async def test_a_type_whose_number_is_taken_is_stale(store: Store, newsletter: SubscriptionType):
    with pytest.raises(Stale):
        await keep_type(store, types.create(ACME, newsletter.id, draft("opt_out"), NOON))

    assert [newsletter] == await store.subscription_type.all(ACME)


async def test_a_change_decided_on_an_older_revision_is_stale(store: Store, newsletter: SubscriptionType):
    archived = types.update(newsletter, TypeDraft(state=TypeState.ARCHIVED), NOON)
    renamed = types.update(newsletter, draft(name="Other"), NOON)
    assert archived
    assert renamed
    await keep_type(store, archived)

    with pytest.raises(Stale):
        await keep_type(store, renamed)

    assert [archived.after] == await store.subscription_type.all(ACME)
    assert 2 == len(await store.subscription_type.notices(ACME))


async def test_every_wording_is_kept(store: Store, newsletter: SubscriptionType):
    change = types.translate(newsletter, Translation("Bulletin", "", "fr"), NOON)
    assert change
    await keep_type(store, change)

    kept = [(notice.version, notice.translation.locale) for notice in await store.subscription_type.notices(ACME)]

    assert [(1, "de"), (1, "en"), (2, "de"), (2, "en"), (2, "fr")] == kept


async def test_every_change_raises_the_workspaces_version(store: Store, workspace: Workspace):
    await keep_type(store, types.create(ACME, TypeId("1"), draft(), NOON))

    assert workspace.version + 1 == await store.workspace.version(ACME)


async def test_a_type_of_no_workspace_is_refused(store: Store, newsletter: SubscriptionType):
    change = types.create("nowhere", TypeId("1"), draft(), NOON)

    with pytest.raises(Stale):
        await keep_type(store, change)

    assert [] == await store.subscription_type.all("nowhere")
    assert [] == await store.subscription_type.notices("nowhere")


async def test_a_translation_that_is_taken_out_is_gone(store: Store, newsletter: SubscriptionType):
    change = types.update(newsletter, TypeDraft(translations=()), NOON)
    assert change
    await keep_type(store, change)

    kept = (await store.subscription_type.all(ACME))[0]

    assert ["en"] == [translation.locale for translation in kept.translations]
    assert replace(change.after) == kept
