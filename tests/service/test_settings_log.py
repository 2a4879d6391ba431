"""Every service that changes a setting logs who changed it, also when several do at once."""

from __future__ import annotations

import asyncio

from tests.cast import NOON, Clock, draft

from sayso.domain.access import Scope
from sayso.domain.act import OPERATOR, Author
from sayso.domain.subscription_type import Translation, TypeDraft, TypeState
from sayso.service.first_start import begin
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.service.verify_settings import entries

CALLER = Author("api_key", "tok1", "api", "")


def region_on(store: Store, now: int = NOON) -> Region:
    return Region.on("us", store, Clock(now), RandomIds())


async def logged(store: Store, workspace_id: str) -> list[tuple[str, str, int, str, str]]:
    found = []
    for one in await entries(store, workspace_id):
        assert one is not None
        entry = one.entry
        found.append((entry.kind, entry.object_id, entry.revision, entry.actor_kind, entry.actor_ref))
    return found


async def test_each_change_is_logged_with_who_made_it(store: Store):
    region = region_on(store)
    workspace = (await region.workspaces.create("Acme", author=OPERATOR)).id
    type_id = (await region.types.create(workspace, draft(), author=CALLER)).id
    await region.types.translate(workspace, type_id, Translation("Nouvelles", "", "fr"), author=CALLER)
    await region.types.update(workspace, type_id, TypeDraft(state=TypeState.ARCHIVED), author=OPERATOR)
    token, _ = await region.access.create(workspace, "ci", [Scope.READ], "us", author=OPERATOR)
    await region.access.revoke(workspace, token.id)
    await region.admins.create(workspace, "ada@example.com", "Ada", author=OPERATOR)

    assert [
        ("admin.changed", "1", 1, "operator", "cli"),
        ("subscription_type.changed", type_id, 1, "api_key", "tok1"),
        ("subscription_type.changed", type_id, 2, "api_key", "tok1"),
        ("subscription_type.changed", type_id, 3, "operator", "cli"),
        ("token.changed", token.id, 1, "operator", "cli"),
        ("token.changed", token.id, 2, "system", "sayso"),
        ("admin.changed", "2", 1, "operator", "cli"),
    ] == await logged(store, workspace)


async def test_what_changes_nothing_is_not_logged(store: Store):
    region = region_on(store)
    workspace = (await region.workspaces.create("Acme")).id
    type_id = (await region.types.create(workspace, draft())).id
    before = await logged(store, workspace)

    await region.types.update(workspace, type_id, draft())

    assert before == await logged(store, workspace)


async def test_a_first_start_and_the_demo_are_logged_whole(store: Store):
    region = region_on(store)

    await begin(region, "bootstrap-token", with_demo=True)
    await begin(region, "bootstrap-token", with_demo=True)

    workspace = (await region.workspaces.all())[0].id
    kinds = [kind for kind, *_ in await logged(store, workspace)]
    assert (1, 4, 4) == tuple(map(kinds.count, ("admin.changed", "subscription_type.changed", "token.changed")))
    assert [] == (await verify(store)).problems


async def test_time_never_goes_back_within_the_log(store: Store):
    workspace = (await region_on(store).workspaces.create("Acme")).id

    await region_on(store, NOON - 5_000).access.create(workspace, "ci", [Scope.READ], "us")

    assert [NOON, NOON] == [one.entry.at for one in await entries(store, workspace) if one]


async def test_changes_that_are_made_at_once_follow_each_other_in_the_log(store: Store):
    """As two processes would: each region knows nothing of the other's tries."""
    regions = [region_on(store), region_on(store)]
    workspace = (await regions[0].workspaces.create("Acme")).id
    type_id = (await regions[0].types.create(workspace, draft())).id
    tokens = [(await regions[0].access.create(workspace, "ci", [Scope.READ], "us"))[0].id for _ in range(6)]

    await asyncio.gather(
        *(regions[number % 2].access.create(workspace, "more", [Scope.READ], "us") for number in range(6)),
        *(regions[number % 2].access.revoke(workspace, token) for number, token in enumerate(tokens)),
        *(
            regions[number % 2].types.translate(workspace, type_id, Translation(f"News {number}", "", "en"))
            for number in range(6)
        ),
        *(
            regions[number % 2].admins.create(workspace, f"ada{number}@example.com", f"Ada {number}")
            for number in range(6)
        ),
    )

    assert 2 + 6 + 24 == len(await logged(store, workspace))
    assert [] == (await verify(store)).problems


async def test_a_token_is_revoked_once_however_many_try(store: Store):
    regions = [region_on(store), region_on(store)]
    workspace = (await regions[0].workspaces.create("Acme")).id
    token, _ = await regions[0].access.create(workspace, "ci", [Scope.READ], "us")

    outcomes = await asyncio.gather(
        *(region.access.revoke(workspace, token.id) for region in regions * 3), return_exceptions=True
    )

    assert 1 == outcomes.count(None)
    assert {"NotFound"} == {type(outcome).__name__ for outcome in outcomes if outcome}
    assert 3 == len(await logged(store, workspace))
