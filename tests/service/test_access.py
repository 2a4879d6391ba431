"""Access: who is recognised by a token, and how many at once."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import TOKEN, Clock, draft

from sayso.domain.access import Scope
from sayso.domain.errors import Unauthenticated
from sayso.service import access
from sayso.service.first_start import begin
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def region(store: Store, clock: Clock) -> Region:
    made = Region.on("us", store, clock, RandomIds())
    await begin(made, TOKEN, with_demo=False)
    return made


@pytest.fixture
def elsewhere(store: Store, clock: Clock) -> Region:
    """Another process on the same data."""
    return Region.on("us", store, clock, RandomIds())


async def test_all_who_come_at_once_are_recognised_with_what_another_process_changed(
    region: Region, elsewhere: Region, clock: Clock
):
    before = await region.access.authenticate(TOKEN.encode())
    await elsewhere.types.create(before.token.workspace_id, draft("opt_in"))
    clock.pass_(2_000)

    callers = await asyncio.gather(*(region.access.authenticate(TOKEN.encode()) for _ in range(8)))

    assert {before.token.id} == {caller.token.id for caller in callers}
    assert [1] * 8 == [len(caller.snapshot.types) for caller in callers]


async def test_all_who_come_at_once_are_refused_after_another_process_revoked_the_token(
    region: Region, elsewhere: Region, clock: Clock
):
    known = await region.access.authenticate(TOKEN.encode())
    await elsewhere.access.revoke(known.token.workspace_id, known.token.id)
    clock.pass_(2_000)

    told = await asyncio.gather(*(region.access.authenticate(TOKEN.encode()) for _ in range(8)), return_exceptions=True)

    assert [Unauthenticated] * 8 == [type(each) for each in told]


async def test_a_caller_is_recalled_until_something_changes_in_the_workspace(region: Region, clock: Clock):
    caller = await region.access.authenticate(TOKEN.encode())
    assert caller.snapshot is region.access.recall(caller.known, clock())
    assert region.access.recall(caller.known, clock() + 1_000) is None

    await region.tags.named(caller.token.workspace_id, "VIP")

    assert region.access.recall(caller.known, clock()) is None
    again = await region.access.authenticate(TOKEN.encode())
    assert again.snapshot is region.access.recall(again.known, clock())


async def test_a_caller_is_not_recalled_once_everything_is_to_be_read_anew(region: Region, clock: Clock):
    caller = await region.access.authenticate(TOKEN.encode())

    region.snapshots.forget()
    again = await region.access.authenticate(TOKEN.encode())

    assert caller.snapshot.version == again.snapshot.version
    assert region.access.recall(caller.known, clock()) is None


async def test_few_tokens_are_remembered_and_all_are_recognised(region: Region, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(access, "MOST_KNOWN", 2)
    workspace = (await region.workspaces.all())[0]
    made = [await region.access.create(workspace.id, str(number), [Scope.READ], "us") for number in range(5)]
    for _ in range(2):
        for token, secret in made:
            assert token == (await region.access.authenticate(secret.encode())).token

    assert 2 == len(region.access._known)
