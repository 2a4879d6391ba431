"""The settings log in a store: one entry with each change, numbered without gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import NOON, draft
from tests.storage.conftest import ACME, entry_of, keep_admin, keep_token, keep_type, revoke_token
from tests.storage.test_token import TOKEN

from sayso.domain import subscription_type as types
from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.domain.settings_log import SettingsHead, of_admin, of_token, of_type
from sayso.domain.subscription_type import SubscriptionType, TypeDraft, TypeId, TypeState
from sayso.service.ports import Store
from sayso.service.ports_settings import StoredSetting

ADA = Admin("2", ACME, "ada@example.com", "Ada")


async def chain(store: Store, workspace_id: str = ACME) -> list[StoredSetting]:
    rows = await store.settings_log.rows(workspace_id, 0, 100)
    return [row for row in rows if row is not None]


async def test_every_change_of_a_type_a_token_and_an_admin_is_logged_with_it(
    store: Store, workspace: Workspace, newsletter: SubscriptionType
):
    await keep_token(store, TOKEN)
    await revoke_token(store, replace(TOKEN, revoked_at=NOON))
    await keep_admin(store, ADA)

    kept = await chain(store)

    assert [
        (1, "admin.changed", "1", 1),
        (2, "subscription_type.changed", "1", 1),
        (3, "token.changed", "tok1", 1),
        (4, "token.changed", "tok1", 2),
        (5, "admin.changed", "2", 1),
    ] == [(one.entry.seq, one.entry.kind, one.entry.object_id, one.entry.revision) for one in kept]
    assert [None, *(one.hash for one in kept[:-1])] == [one.entry.prev for one in kept]
    assert [one.entry.hash() for one in kept] == [one.hash for one in kept]
    assert SettingsHead(5, kept[-1].hash, NOON) == await store.settings_log.head(ACME)


async def test_the_log_is_read_in_pages_and_each_workspace_has_its_own(store: Store, newsletter: SubscriptionType):
    assert [2] == [row.entry.seq for row in await store.settings_log.rows(ACME, 1, 5) if row]
    assert [1] == [row.entry.seq for row in await store.settings_log.rows(ACME, 0, 1) if row]
    assert [] == await store.settings_log.rows("globex", 0, 5)
    assert SettingsHead() == await store.settings_log.head("globex")


async def test_a_change_whose_number_in_the_log_is_taken_is_stale_and_leaves_nothing(
    store: Store, newsletter: SubscriptionType
):
    head = SettingsHead()
    changed = types.update(newsletter, TypeDraft(state=TypeState.ARCHIVED), NOON)
    made = types.create(ACME, TypeId("2"), draft(), NOON)
    assert changed
    before = await chain(store)

    for change in (changed, made):
        with pytest.raises(Stale):
            await store.subscription_type.commit(change, entry_of(head, ACME, of_type(change.after)))
    with pytest.raises(Stale):
        await store.token.add(TOKEN, entry_of(head, ACME, of_token(TOKEN)))
    with pytest.raises(Stale):
        await store.admin.add(ADA, entry_of(head, ACME, of_admin(ADA)))

    assert [newsletter] == await store.subscription_type.all(ACME)
    assert [] == await store.token.all(ACME)
    assert ["1"] == await store.admin.ids(ACME)
    assert before == await chain(store)


async def test_a_revocation_whose_number_in_the_log_is_taken_is_stale(store: Store, workspace: Workspace):
    await keep_token(store, TOKEN)
    revoked = replace(TOKEN, revoked_at=NOON)

    with pytest.raises(Stale):
        await store.token.revoke(revoked, entry_of(SettingsHead(), ACME, of_token(revoked)))

    assert [TOKEN] == await store.token.all(ACME)


async def test_a_change_that_is_stale_itself_is_not_logged(store: Store, newsletter: SubscriptionType):
    before = await chain(store)

    with pytest.raises(Stale):
        await keep_type(store, types.create(ACME, newsletter.id, draft("opt_out"), NOON))
    with pytest.raises(Stale):
        await keep_admin(store, replace(ADA, id="1"))
    with pytest.raises(Stale):
        await revoke_token(store, replace(TOKEN, revoked_at=NOON))

    assert before == await chain(store)


async def test_rows_that_are_verified_come_as_they_are_kept(store: Store, workspace: Workspace):
    await keep_token(store, TOKEN)

    rows = await store.token.rows(ACME)

    assert [("tok1", TOKEN.digest, ["read", "write"], None)] == [
        (row.token_id, row.digest, list(row.scopes), row.revoked_at) for row in rows if row
    ]
    assert [] == await store.token.rows("globex")
    assert ["1"] == await store.admin.ids(ACME)
