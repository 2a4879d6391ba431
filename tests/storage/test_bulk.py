"""Tasks of bulk jobs, on every store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import AUTHOR, NOON

from sayso.domain.bulk import BulkAction, BulkItem, BulkKind, BulkTask, CompanyLink
from sayso.domain.errors import Stale
from sayso.service.ports import Store

ITEM = BulkItem(
    "a1",
    {"name": "Zoë \0", "role": "lead", "signed_up_at": 5, "email": None},
    {"plan": "pro", "seats": 1.5, "paid": True, "none": None},
    True,
    True,
    (CompanyLink("6", "Six"), CompanyLink("7", remove=True)),
    ("1", "2"),
    ("3",),
    was_there=True,
)


def task(number: int = 1, job: str = "job", workspace: str = "acme", at: int = NOON) -> BulkTask:
    return BulkTask(workspace, job, number, BulkKind.CONTACTS, BulkAction.UPDATE, AUTHOR, 2, at, at)


async def test_a_task_is_read_as_it_was_added_until_its_items_are_done(store: Store):
    items = [ITEM, BulkItem(is_refused=True)]
    await store.bulk.add(task(2), [], 0)
    await store.bulk.add(task(), items, 0)
    await store.bulk.add(task(workspace="globex"), [], 0)

    assert [task(), task(2)] == await store.bulk.tasks("acme", "job")
    assert (task(2), None) == (await store.bulk.task("acme", "job", 2), await store.bulk.task("acme", "job", 3))
    assert items == await store.bulk.items("acme", "job", 1)
    half, done = task().after(1, 0, NOON + 2), task().after(2, 1, NOON + 3)
    await store.bulk.advance(task(), half)
    assert [half, task(2)] == await store.bulk.tasks("acme", "job")
    assert items == await store.bulk.items("acme", "job", 1)
    await store.bulk.advance(half, done)
    assert [done, task(2)] == await store.bulk.tasks("acme", "job")
    assert [] == await store.bulk.items("acme", "job", 1)
    assert [] == await store.bulk.items("globex", "job", 2)


async def test_a_number_is_taken_once_and_a_portion_counted_once(store: Store):
    await store.bulk.add(task(), [ITEM], 0)
    with pytest.raises(Stale):
        await store.bulk.add(replace(task(), item_count=7), [], 0)
    empty = replace(task(2), item_count=0)
    await store.bulk.add(empty, [], 0)

    begun = task(2).begun(NOON)
    assert (NOON, NOON + 1) == (begun.started_at, begun.updated_at)
    for before, after in ((task(), task().after(1, 0, 2)), (empty, empty.after(0, 0, 2))):
        await store.bulk.advance(before, after)
        with pytest.raises(Stale):
            await store.bulk.advance(before, after)


async def test_unfinished_tasks_are_found_the_oldest_first_and_finished_ones_forgotten(store: Store):
    early, late, done, other = task(job="b"), task(job="a", at=NOON + 1), task(job="c"), task(workspace="globex")
    for one in (late, early, done, other):
        await store.bulk.add(one, [], 0)
    await store.bulk.advance(done, done.after(2, 0, NOON))
    await store.bulk.advance(other, other.after(2, 0, NOON))

    assert [("acme", "b", 1, False, NOON), ("acme", "a", 1, False, NOON + 1)] == await store.bulk.unfinished()
    await store.bulk.add(task(3), [], NOON)
    assert [] != await store.bulk.tasks("acme", "c")
    await store.bulk.add(task(4), [], NOON + 1)
    assert [] == await store.bulk.tasks("acme", "c")
    assert [early] == await store.bulk.tasks("acme", "b")
    assert [] != await store.bulk.tasks("globex", "job")
