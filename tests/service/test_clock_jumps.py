"""A clock that was ahead and is set right leaves nothing behind that lasts until the time it showed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import AUTHOR, Clock, draft

from sayso.domain.age import CLOCK_SKEW
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import DuplicateContact, KeyReused, ScrollExists, ScrollNotFound
from sayso.domain.scroll import UNUSED_FOR
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region

YEARS = 10 * 365 * 24 * 3600 * 1000

#: How far two clocks differ, or one is set back, without anything being wrong.
SECONDS = 5_000


@pytest.fixture
def region(store: Store, clock: Clock) -> Region:
    return Region.on("us", store, clock, RandomIds())


@pytest.fixture
async def workspace(region: Region) -> str:
    return (await region.workspaces.create("Acme")).id


async def a_company(region: Region, workspace: str) -> None:
    await region.companies.put(AUTHOR, workspace, "acme", lambda profile, _: replace(profile, name="Acme"))


async def create_once(region: Region, workspace: str, key: str, fingerprint: str = "same") -> str:
    """Make a subscription type under a key; the id of the one that was made, now or before."""
    async with region.idempotency.attempt(workspace, key, fingerprint) as attempt:
        if attempt.kept is not None:
            return attempt.kept.body
        made = await region.types.create(workspace, draft(), lambda made: attempt.record(201, made.id))
        return made.id


async def test_a_scroll_of_a_clock_that_was_ahead_is_over(region: Region, workspace: str, clock: Clock):
    await a_company(region, workspace)
    clock.pass_(YEARS)
    word, _ = await region.scrolls.page(workspace, None)
    clock.pass_(-YEARS)

    with pytest.raises(ScrollNotFound):
        await region.scrolls.page(workspace, word)
    assert word != (await region.scrolls.page(workspace, None))[0]


async def test_a_scroll_goes_on_where_another_clock_is_seconds_behind(region: Region, workspace: str, clock: Clock):
    await a_company(region, workspace)
    word, _ = await region.scrolls.page(workspace, None)
    clock.pass_(-SECONDS)

    with pytest.raises(ScrollExists):
        await region.scrolls.page(workspace, None)
    assert (None, []) == await region.scrolls.page(workspace, word)


async def test_a_scroll_is_over_a_minute_after_it_was_last_used_by_whichever_clock(
    region: Region, workspace: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sayso.domain.scroll.PAGE", 1)
    for name in ("acme", "globex", "initech"):
        await region.companies.put(AUTHOR, workspace, name, lambda profile, _: profile)
    word, _ = await region.scrolls.page(workspace, None)
    clock.pass_(-SECONDS)
    await region.scrolls.page(workspace, word)
    clock.pass_(UNUSED_FOR)

    with pytest.raises(ScrollNotFound):
        await region.scrolls.page(workspace, word)


async def test_a_key_of_a_clock_that_was_ahead_is_free(region: Region, workspace: str, clock: Clock):
    clock.pass_(YEARS)
    first = await create_once(region, workspace, "key", "one request")
    clock.pass_(-YEARS)

    second = await create_once(region, workspace, "key", "another request")

    assert first != second
    assert second == await create_once(region, workspace, "key", "another request")


@pytest.mark.parametrize("back", [SECONDS, CLOCK_SKEW])
async def test_a_key_still_protects_where_another_clock_is_seconds_behind(
    region: Region, workspace: str, clock: Clock, back: int
):
    first = await create_once(region, workspace, "key")
    clock.pass_(-back)
    # Another key's answer forgets the old ones.
    await create_once(region, workspace, "another key")

    assert first == await create_once(region, workspace, "key")
    with pytest.raises(KeyReused):
        await create_once(region, workspace, "key", "another request")


async def test_an_identifier_of_a_contact_that_was_deleted_in_the_future_is_free(
    region: Region, workspace: str, clock: Clock
):
    wanted = ContactDraft(Profile(Role.USER, email="ada@example.com"))
    ada = await region.contacts.create(AUTHOR, workspace, wanted)
    clock.pass_(YEARS)
    await region.contacts.delete(AUTHOR, workspace, ada.id)
    with pytest.raises(DuplicateContact):
        await region.contacts.create(AUTHOR, workspace, wanted)
    clock.pass_(-YEARS)

    assert ada.id != (await region.contacts.create(AUTHOR, workspace, wanted)).id


async def test_an_identifier_stays_taken_where_another_clock_is_seconds_behind(
    region: Region, workspace: str, clock: Clock
):
    wanted = ContactDraft(Profile(Role.USER, email="ada@example.com"))
    ada = await region.contacts.create(AUTHOR, workspace, wanted)
    await region.contacts.delete(AUTHOR, workspace, ada.id)
    clock.pass_(-SECONDS)

    with pytest.raises(DuplicateContact):
        await region.contacts.create(AUTHOR, workspace, wanted)
