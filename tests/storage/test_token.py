"""Tokens and workspaces in a store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import NOON
from tests.storage.conftest import ACME, keep_token, revoke_token

from sayso.domain.access import Scope, Token, Workspace
from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.service.ports import Store

TOKEN = Token("tok1", ACME, "first", b"d" * 32, "abcd", frozenset({Scope.READ, Scope.WRITE}), NOON)


async def test_a_token_is_found_by_its_digest(store: Store, workspace: Workspace):
    await keep_token(store, TOKEN)

    assert TOKEN == await store.token.find(TOKEN.digest)
    assert await store.token.find(b"e" * 32) is None
    assert [TOKEN] == await store.token.all(ACME)
    assert [] == await store.token.all("globex")


async def test_of_tokens_with_one_value_the_newest_counts(store: Store, workspace: Workspace):
    newer = replace(TOKEN, id="tok2", created_at=NOON + 1)
    await keep_token(store, newer)
    await keep_token(store, TOKEN)

    assert newer == await store.token.find(TOKEN.digest)
    assert [TOKEN, newer] == await store.token.all(ACME)


async def test_a_revoked_token_is_found_as_revoked_and_raises_the_version(store: Store, workspace: Workspace):
    await keep_token(store, TOKEN)

    await revoke_token(store, replace(TOKEN, revoked_at=NOON + 5))

    assert replace(TOKEN, revoked_at=NOON + 5) == await store.token.find(TOKEN.digest)
    assert workspace.version + 1 == await store.workspace.version(ACME)


@pytest.mark.parametrize(("workspace_id", "token_id"), [(ACME, "other"), ("globex", "tok1"), (ACME, "revoked")])
async def test_only_a_token_that_works_can_be_revoked(
    store: Store, workspace: Workspace, workspace_id: str, token_id: str
):
    await keep_token(store, TOKEN)
    await keep_token(store, replace(TOKEN, id="revoked", digest=b"f" * 32))
    await revoke_token(store, replace(TOKEN, id="revoked", digest=b"f" * 32, revoked_at=NOON))

    with pytest.raises(Stale):
        await revoke_token(store, replace(TOKEN, id=token_id, workspace_id=workspace_id, revoked_at=NOON))

    assert TOKEN == await store.token.find(TOKEN.digest)
    assert workspace.version + 1 == await store.workspace.version(ACME)


async def test_a_workspace_is_found_with_its_admins(store: Store, workspace: Workspace):
    globex = replace(workspace, id="globex", created_at=NOON - 1)
    await store.workspace.add(globex, [], [])

    assert workspace == await store.workspace.find(ACME)
    assert [globex, workspace] == await store.workspace.all()
    assert [Admin("1", ACME, "admin@example.com", "Admin")] == await store.admin.all(ACME)
    assert [] == await store.admin.all("globex")


async def test_a_workspace_that_is_not_there_is_none(store: Store):
    assert await store.workspace.find("nowhere") is None
    assert await store.workspace.version("nowhere") is None
    assert [] == await store.workspace.all()
