"""Bulk jobs of a process that ended, of several processes, and of a store that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.cast import AUTHOR, Clock
from tests.conformance.conftest import store  # noqa: F401
from tests.machine import DEADLINE

from sayso.domain.bulk import KEPT_FOR, BulkAction, BulkItem, BulkJob, BulkKind, BulkState, BulkTask, CompanyLink
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import JobNotFound, Unavailable
from sayso.domain.subscription_type import Channel
from sayso.server import finishing
from sayso.service.bulk import ABANDONED_AFTER, PORTION
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_company import CompanyFilter
from sayso.service.region import Region, Regions

CONTACTS, COMPANIES = BulkKind.CONTACTS, BulkKind.COMPANIES
CREATE, UPDATE, DELETE = BulkAction

ITEMS = 2 * PORTION + 5


@pytest.fixture
def region(store: Store, clock: Clock) -> Region:  # noqa: F811
    return Region.on("us", store, clock, RandomIds())


@pytest.fixture
async def workspace(region: Region) -> str:
    return (await region.workspaces.create("Acme")).id


def another(region: Region, clock: Clock | None = None) -> Region:
    """Another process on the same store."""
    return Region.on("us", region.store, clock or Clock(), RandomIds())


async def submit(
    region: Region, workspace: str, kind: BulkKind, action: BulkAction, items: Sequence[BulkItem]
) -> BulkJob:
    return await region.bulk.submit(AUTHOR, workspace, kind, action, items)


async def end(region: Region) -> None:
    """Let what a process carries out come to its end."""
    await asyncio.gather(*region.bulk.background.tasks)


class Cut(BaseException):
    """The process is gone."""


def cut_before_the_count(region: Region, monkeypatch: pytest.MonkeyPatch, portions: int) -> None:
    """A process ends when it has carried out so many portions and counted all but the last."""
    advance, counted = region.store.bulk.advance, 0

    async def advance_some(before: BulkTask, after: BulkTask) -> None:
        nonlocal counted
        counted += after.done > before.done
        if counted == portions:
            raise Cut
        await advance(before, after)

    monkeypatch.setattr(region.store.bulk, "advance", advance_some)


async def items_of(region: Region, workspace: str, kind: BulkKind, action: BulkAction) -> list[BulkItem]:
    if (kind, action) == (CONTACTS, CREATE):
        links = (CompanyLink("6", "Six"),)
        return [BulkItem(given={"role": "lead"}, companies=links) for _ in range(ITEMS)]
    if (kind, action) == (COMPANIES, CREATE):
        return [BulkItem(given={"name": f"{number}"}) for number in range(ITEMS)]
    ids = []
    for number in range(ITEMS):
        if kind is CONTACTS:
            draft = ContactDraft(Profile(Role.USER, f"{number}"))
            ids.append((await region.contacts.create(AUTHOR, workspace, draft)).id)
        else:
            company = await region.companies.put(AUTHOR, workspace, f"{number}", lambda profile, _: profile)
            ids.append(company.id)
    given = {"name": "Changed"} if action is UPDATE else {}
    return [BulkItem(id_, given, unsubscribed_from_emails=kind is CONTACTS or None) for id_ in ids]


async def counts(region: Region, workspace: str) -> tuple[int, int]:
    """How many live contacts and companies there are."""
    companies = await region.store.company.count(workspace, CompanyFilter())
    return await region.store.contact.count(workspace), companies


@pytest.mark.parametrize(
    ("kind", "action", "left"),
    [
        (CONTACTS, CREATE, (ITEMS, 1)),
        (CONTACTS, UPDATE, (ITEMS, 0)),
        (CONTACTS, DELETE, (0, 0)),
        (COMPANIES, CREATE, (0, ITEMS)),
        (COMPANIES, UPDATE, (0, ITEMS)),
        (COMPANIES, DELETE, (0, 0)),
    ],
)
@pytest.mark.parametrize("portions", [1, 3])
async def test_a_job_that_a_crash_has_cut_is_carried_on_with_the_effect_of_one(
    region: Region,
    workspace: str,
    kind: BulkKind,
    action: BulkAction,
    left: tuple[int, int],
    portions: int,
    monkeypatch: pytest.MonkeyPatch,
):
    items = await items_of(region, workspace, kind, action)
    with monkeypatch.context() as cut:
        cut_before_the_count(region, cut, portions)
        job = await submit(region, workspace, kind, action, items)
        with pytest.raises(Cut):
            await end(region)
    held = await region.bulk.find(workspace, kind, job.id)
    assert [(PORTION * (portions - 1), 0)] == [(task.done, task.failed) for task in held.tasks]

    following = another(region)
    async with finishing(Regions({"us": following}, {}, "us")):
        async with asyncio.timeout(DEADLINE):
            while BulkState.COMPLETED is not (await region.bulk.find(workspace, kind, job.id)).state:
                await asyncio.sleep(0)

    assert left == await counts(region, workspace)
    assert [] == await region.store.bulk.items(workspace, job.id, 1)
    if (kind, action) == (CONTACTS, UPDATE):
        for item in items:
            assert 1 == len(await region.store.ledger.chain(workspace, item.id))


async def test_two_processes_that_carry_out_one_job_do_so_once_and_go_on_with_others(region: Region, workspace: str):
    items = await items_of(region, workspace, CONTACTS, CREATE)
    other = another(region)

    job = await submit(region, workspace, CONTACTS, CREATE, items)
    await other.bulk.take_over()
    await asyncio.sleep(0)
    more = [
        await submit(one, workspace, COMPANIES, CREATE, [BulkItem(given={"external_id": "6"})])
        for one in (region, other)
    ]
    while region.bulk.background.tasks or other.bulk.background.tasks:
        await asyncio.gather(end(region), end(other))
    held = await region.bulk.find(workspace, CONTACTS, job.id)
    assert (BulkState.COMPLETED, ITEMS) == (held.state, held.tasks[0].done)

    # The one that came too late has left its tasks to whoever looks for them.
    await region.bulk.take_over()
    await end(region)
    assert (ITEMS, 1) == await counts(region, workspace)
    for job in more:
        assert BulkState.COMPLETED is (await region.bulk.find(workspace, COMPANIES, job.id)).state


async def test_a_job_waits_for_a_store_that_is_away(region: Region, workspace: str, monkeypatch: pytest.MonkeyPatch):
    items, refusals = await items_of(region, workspace, CONTACTS, CREATE), 3
    commit = region.store.contact.commit

    async def commit_later(*what: Any) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise Unavailable("away", 0)
        await commit(*what)

    monkeypatch.setattr(region.store.contact, "commit", commit_later)
    job = await submit(region, workspace, CONTACTS, CREATE, items)
    await end(region)

    assert BulkState.COMPLETED is (await region.bulk.find(workspace, CONTACTS, job.id)).state
    assert (ITEMS, 1) == await counts(region, workspace)


async def test_an_item_that_a_fault_of_ours_breaks_does_not_stop_the_others(
    region: Region, workspace: str, monkeypatch: pytest.MonkeyPatch
):
    create, calls = region.contacts.create, 0

    async def create_most(*what: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("no")
        return await create(*what, **more)

    monkeypatch.setattr(type(region.contacts), "create", lambda self, *what, **more: create_most(*what, **more))
    job = await submit(region, workspace, CONTACTS, CREATE, [BulkItem(given={"role": "lead"})] * 3)
    await end(region)

    held = await region.bulk.find(workspace, CONTACTS, job.id)
    assert (BulkState.COMPLETED_WITH_ERRORS, 1) == (held.state, held.tasks[0].failed)
    assert (2, 0) == await counts(region, workspace)


async def test_a_job_whose_process_is_gone_is_carried_on_by_another_after_a_minute(
    region: Region, workspace: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as cut:
        cut_before_the_count(region, cut, 1)
        job = await submit(region, workspace, CONTACTS, CREATE, [BulkItem(given={"role": "lead"})])
        with pytest.raises(Cut):
            await end(region)
    other = another(region, clock)
    clock.pass_(ABANDONED_AFTER)
    await other.bulk.take_over(ABANDONED_AFTER)
    await other.bulk.find(workspace, CONTACTS, job.id)
    assert set() == other.bulk.background.tasks

    # Begun a moment after it was asked for.
    clock.pass_(1)
    await other.bulk.take_over(ABANDONED_AFTER)
    await end(other)

    assert BulkState.COMPLETED is (await other.bulk.find(workspace, CONTACTS, job.id)).state


async def test_a_workspace_in_which_another_process_is_at_work_is_left_to_it(
    region: Region, workspace: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as cut:
        cut_before_the_count(region, cut, 1)
        for number in range(2):
            await submit(region, workspace, COMPANIES, CREATE, [BulkItem(given={"external_id": f"{number}"})])
        with pytest.raises(Cut):
            await end(region)
    other = another(region, clock)
    # Its first task was begun a moment ago, the second waits since long.
    clock.pass_(ABANDONED_AFTER)
    (first, second), now = await region.store.bulk.unfinished(), clock()
    task = await region.store.bulk.task(*first[:3])
    assert task is not None
    await region.store.bulk.advance(task, task.begun(now))

    await other.bulk.take_over(ABANDONED_AFTER)
    assert set() == other.bulk.background.tasks
    assert second.updated_at <= now - ABANDONED_AFTER

    clock.pass_(ABANDONED_AFTER + 1)
    await other.bulk.take_over(ABANDONED_AFTER)
    await end(other)
    assert [] == await region.store.bulk.unfinished()


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_no_that_is_younger_than_a_bulk_request_stays(
    region: Region, workspace: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, *, is_cut: bool
):
    draft = ContactDraft(Profile(Role.USER, email="alice@example.com"), True)
    contact = (await region.contacts.create(AUTHOR, workspace, draft)).id
    item = BulkItem(contact, {"name": "Alice"}, unsubscribed_from_emails=False)

    async def stops() -> bool:
        found = await region.contacts.find(workspace, contact)
        return Channel.EMAIL in found.head.standing.stops

    with monkeypatch.context() as cut:
        if is_cut:
            cut_before_the_count(region, cut, 1)
        await submit(region, workspace, CONTACTS, UPDATE, [item])
        if is_cut:
            with pytest.raises(Cut):
                await end(region)
            assert not await stops()
        else:
            # It came before the no that is said now, and its turn comes after it.
            await region.bulk.stop()
            await region.contacts.update(AUTHOR, workspace, contact, lambda _: ContactDraft(draft.profile, False))
    await region.contacts.update(AUTHOR, workspace, contact, lambda held: ContactDraft(held.profile, True))

    other = another(region, clock)
    await other.bulk.take_over()
    await end(other)

    assert await stops()
    assert "Alice" == (await region.contacts.find(workspace, contact)).profile.name
    await submit(other, workspace, CONTACTS, UPDATE, [item])
    await end(other)
    assert not await stops()


async def test_jobs_are_forgotten_a_month_after_their_end(region: Region, workspace: str, clock: Clock):
    jobs = [await submit(region, workspace, CONTACTS, CREATE, []) for _ in range(2)]
    await end(region)
    clock.pass_(KEPT_FOR)
    await submit(region, workspace, CONTACTS, CREATE, [])
    await region.bulk.find(workspace, CONTACTS, jobs[0].id)
    # Begun a moment after it was asked for.
    clock.pass_(2)

    await submit(region, workspace, CONTACTS, CREATE, [])

    for job in jobs:
        with pytest.raises(JobNotFound):
            await region.bulk.find(workspace, CONTACTS, job.id)
    await end(region)
