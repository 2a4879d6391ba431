"""What changed in a small table since a version of the workspace."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.cast import NOON, draft
from tests.storage.conftest import ACME, keep_admin, keep_type

from sayso.domain import data_attribute as attributes
from sayso.domain import subscription_type as types
from sayso.domain import tag as tags
from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.data_attribute import AttributeDraft, Maker
from sayso.domain.subscription_type import Translation, TypeDraft, TypeId, TypeState
from sayso.domain.tag import Tags
from sayso.service.ports import Store
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore


async def version(store: Store, workspace_id: str = ACME) -> int:
    found = await store.workspace.version(workspace_id)
    assert found
    return found


async def changed_since(store: Store, since: int, workspace_id: str = ACME) -> list[object]:
    return [
        *await store.subscription_type.changed(workspace_id, since),
        *await store.admin.changed(workspace_id, since),
        *await store.tag.changed(workspace_id, since),
        *await store.data_attribute.changed(workspace_id, since),
    ]


async def make_type(store: Store, number: int, workspace_id: str = ACME) -> types.SubscriptionType:
    change = types.create(workspace_id, TypeId(str(number)), draft(), NOON)
    await keep_type(store, change)
    return change.after


async def commit_tag(store: Store, change: tags.TagChange | None) -> tags.Tag:
    assert change
    await store.tag.commit(change, await version(store))
    return change.after


async def commit_attribute(store: Store, change: attributes.AttributeChange | None) -> attributes.DataAttribute:
    assert change
    await store.data_attribute.commit(change, await version(store))
    return change.after


async def test_a_type_is_among_what_changed_with_all_its_texts(store: Store, workspace: Workspace):
    first, second = [await make_type(store, number) for number in (1, 2)]
    before = await version(store)
    change = types.translate(first, Translation("Nouvelles", "", "fr"), NOON)
    assert change
    await keep_type(store, change)

    assert [change.after] == await changed_since(store, before)
    assert [change.after, second] == await changed_since(store, before - 1)
    assert [change.after, second] == await store.subscription_type.changed(ACME, 0)


async def test_a_tag_is_among_what_changed_when_it_is_made_renamed_and_deleted(store: Store, workspace: Workspace):
    await commit_tag(store, tags.create(ACME, "other", Tags(), NOON))
    changes: list[Callable[[tags.Tag], tags.TagChange | None]] = [
        lambda _: tags.create(ACME, "VIP", Tags(last=1), NOON),
        lambda tag: tags.rename(tag, "Gold", Tags(), NOON),
        lambda tag: tags.delete(tag, NOON),
    ]
    tag = tags.Tag(ACME, "", "", tags.TagState.LIVE, 0, NOON, NOON)
    for change in changes:
        before = await version(store)
        tag = await commit_tag(store, change(tag))

        assert [tag] == await changed_since(store, before)
        assert [] == await changed_since(store, before + 1)


async def test_an_attribute_and_an_admin_are_among_what_changed(store: Store, workspace: Workspace):
    plan = AttributeDraft("contact", "plan", "string")
    made = [
        await commit_attribute(store, attributes.create(Maker(ACME, number, "1"), replace(plan, name=name), [], NOON))
        for number, name in ((1, "plan"), (2, "size"))
    ]
    before = await version(store)
    archived = await commit_attribute(store, attributes.update(made[0], AttributeDraft(archived=True), [], NOON))
    ada = Admin("2", ACME, "ada@example.com", "Ada")
    await keep_admin(store, ada)

    assert [ada, archived] == await changed_since(store, before)
    assert [ada] == await changed_since(store, before + 1)
    assert [archived, made[1]] == await store.data_attribute.changed(ACME, before - 1)


async def test_what_changed_in_one_workspace_did_not_change_in_another(store: Store, workspace: Workspace):
    globex = Workspace("globex", "us", "Globex", "2.11", "UTC", 1, NOON)
    await store.workspace.add(globex, [Admin("1", "globex", "admin@example.com", "Admin")], [])
    await make_type(store, 1)
    theirs = await make_type(store, 1, "globex")

    assert [theirs] == await changed_since(store, globex.version, "globex")
    assert [] == await changed_since(store, 0, "nowhere")


async def test_a_change_that_is_refused_stamps_nothing(store: Store, workspace: Workspace):
    kept = await make_type(store, 1)
    archived = types.update(kept, TypeDraft(state=TypeState.ARCHIVED), NOON)
    assert archived
    before = await version(store)
    stale = replace(archived, before=replace(kept, revision=7))
    with pytest.raises(Exception, match="faster"):
        await keep_type(store, stale)

    assert ([], before) == (await changed_since(store, before), await version(store))


async def test_what_changed_is_found_by_an_index(sqlite: SqlStore):
    plans = []
    read = sqlite.engine.read

    async def planned(sql: str, *params: object) -> list[tuple[object, ...]]:
        plans.extend(str(row[3]) for row in await read(f"EXPLAIN QUERY PLAN {sql}", *params))
        return await read(sql, *params)

    sqlite.engine.read = planned  # type: ignore[method-assign]
    await changed_since(sqlite, 1)

    by = "(<expr>=? AND changed_version>?)"
    assert [
        f"SEARCH kept USING INDEX subscription_types_changed {by}",
        f"SEARCH admins USING INDEX admins_changed {by}",
        f"SEARCH tags USING INDEX tags_changed {by}",
        f"SEARCH data_attributes USING INDEX data_attributes_changed {by}",
    ] == [step for step in plans if re.match("SCAN|SEARCH (?!texts)", step)]


async def test_an_older_program_s_changes_are_told_from_those_that_stamp_their_rows(sqlite: SqlStore):
    workspace = Workspace(ACME, "us", "Acme", "2.11", "UTC", 1, NOON)
    await sqlite.workspace.add(workspace, [], [])
    await make_type(sqlite, 1)
    assert workspace == replace((await sqlite.workspace.all())[0], version=1)

    await sqlite.engine.commit(
        [Statement("UPDATE workspaces SET version = version + 1 WHERE workspace_id = $1", (ACME,))]
    )

    assert replace(workspace, version=3, unstamped=1) == await sqlite.workspace.find(ACME)
