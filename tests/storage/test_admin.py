"""Admins in a store."""

from __future__ import annotations

import pytest
from tests.storage.conftest import ACME, keep_admin

from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.errors import Stale
from sayso.service.ports import Store

FIRST = Admin("1", ACME, "admin@example.com", "Admin")


async def test_admins_come_in_the_order_of_their_numbers_and_raise_the_version(store: Store, workspace: Workspace):
    more = [Admin(number, ACME, f"{number}@example.com", "Ada") for number in ("10", "9")]
    for admin in more:
        await keep_admin(store, admin)

    assert [FIRST, *reversed(more)] == await store.admin.all(ACME)
    assert [] == await store.admin.all("globex")
    assert workspace.version + 2 == await store.workspace.version(ACME)


@pytest.mark.parametrize("taken", [FIRST, Admin("2", "nowhere", "ada@example.com", "Ada")])
async def test_an_admin_whose_number_is_taken_or_of_no_workspace_is_stale(
    store: Store, workspace: Workspace, taken: Admin
):
    with pytest.raises(Stale):
        await keep_admin(store, taken)

    assert [FIRST] == await store.admin.all(ACME)
    assert [] == await store.admin.all("nowhere")
