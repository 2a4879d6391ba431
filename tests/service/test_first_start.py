"""First start: a workspace, a token, and the demo's contents, once and again."""

from __future__ import annotations

from hashlib import sha256

import pytest
from tests.cast import TOKEN, Clock

from sayso.domain.access import ALL_SCOPES
from sayso.domain.errors import Unauthenticated
from sayso.domain.subscription_type import Channel, ConsentType, TypeState
from sayso.service.first_start import Start, begin
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region


@pytest.fixture
def region(store: Store) -> Region:
    return Region.on("us", store, Clock(), RandomIds())


async def test_the_first_start_makes_a_workspace_and_a_token_and_the_second_nothing(region: Region):
    first = await begin(region, "", with_demo=False)
    second = await begin(region, "", with_demo=False)

    assert first.token
    assert ALL_SCOPES == (await region.access.authenticate(first.token.encode())).token.scopes
    assert Start() == second
    [workspace] = await region.workspaces.all()
    assert 1 == len(await region.access.all(workspace.id))


async def test_a_bootstrap_token_stands_in_for_the_first(region: Region):
    starts = [await begin(region, TOKEN, with_demo=False) for _ in range(2)]

    assert [Start(), Start()] == starts
    [workspace] = await region.workspaces.all()
    assert [sha256(TOKEN.encode()).digest()] == [token.digest for token in await region.access.all(workspace.id)]


async def test_a_revoked_bootstrap_token_is_not_brought_back(region: Region):
    await begin(region, TOKEN, with_demo=False)
    [workspace] = await region.workspaces.all()
    [token] = await region.access.all(workspace.id)
    await region.access.revoke(workspace.id, token.id)

    assert Start(has_token=False) == await begin(region, TOKEN, with_demo=False)
    with pytest.raises(Unauthenticated):
        await region.access.authenticate(TOKEN.encode())


async def test_the_demo_has_live_types_of_both_kinds_and_channels_with_translations(region: Region):
    await begin(region, "", with_demo=True)
    [workspace] = await region.workspaces.all()
    types = await region.types.all(workspace.id)

    kinds = {(type_.consent_type, *type_.channels) for type_ in types}
    assert {(consent, channel) for consent in ConsentType for channel in Channel} == kinds
    assert {TypeState.LIVE} == {type_.state for type_ in types}
    assert {("en", "de")} == {tuple(one.locale for one in type_.translations) for type_ in types}


async def test_each_start_of_the_demo_replaces_its_token_and_nothing_else(region: Region):
    starts = [await begin(region, "", with_demo=True) for _ in range(3)]
    [workspace] = await region.workspaces.all()
    tokens = await region.access.all(workspace.id)

    assert 3 == len({start.token for start in starts})
    assert [False, False, True] == sorted(token.revoked_at is None for token in tokens)
    assert 1 == len({start.path for start in starts})
    assert 4 == len(await region.types.all(workspace.id))
    assert ["plan"] == [attribute.name for attribute in await region.attributes.all(workspace.id)]
    assert 3 == (await region.contacts.page(workspace.id, None, 10)).total


async def test_a_token_that_somebody_called_demo_is_not_replaced(region: Region):
    await begin(region, "", with_demo=True)
    [workspace] = await region.workspaces.all()
    _, value = await region.access.create(workspace.id, "demo", ALL_SCOPES, "us")
    await begin(region, "", with_demo=True)

    assert "demo" == (await region.access.authenticate(value.encode())).token.name
