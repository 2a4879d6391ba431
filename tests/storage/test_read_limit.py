"""Slow reads are admitted a few at a time, tokens in rotation."""

from __future__ import annotations

import asyncio

import pytest

from sayso.domain.errors import TooManySlowReads, Unavailable
from sayso.storage.read_limit import ReadLimit

FAR = 1e9


class Readers:
    """Reads that wait for admission, by name, in the order in which they came in."""

    def __init__(self, limit: ReadLimit) -> None:
        self.limit = limit
        self.running: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        """The first letter of a name is its token."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._enter(name))
        await settle()

    async def leave(self, name: str) -> None:
        self.running.remove(name)
        self.limit.leave(name[0])
        await settle()

    async def give_up(self, name: str) -> None:
        self.tasks[name].cancel()
        await settle()

    async def _enter(self, name: str) -> None:
        await self.limit.enter(name[0], FAR)
        self.running.append(name)


async def settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def test_no_more_reads_run_than_may_and_of_one_token_half_of_them():
    readers = Readers(ReadLimit(4))

    await readers.come("a1", "a2", "a3", "b1", "c1", "c2")

    assert ["a1", "a2", "b1", "c1"] == readers.running


async def test_tokens_take_turns_however_many_reads_one_of_them_has_waiting():
    readers = Readers(ReadLimit(2))
    await readers.come("a1", "a2", "a3", "b1", "b2", "c1")
    assert ["a1", "b1"] == readers.running

    await readers.leave("a1")
    assert ["b1", "c1"] == readers.running
    await readers.leave("b1")
    assert ["c1", "a2"] == readers.running


async def test_work_of_our_own_may_use_all_of_it():
    limit = ReadLimit(2, per_token=1)

    await limit.enter("", FAR)
    await limit.enter("", FAR)

    assert 2 == limit.running


async def test_a_token_s_reads_beyond_its_bound_are_refused_and_others_are_not():
    readers = Readers(ReadLimit(2, per_token=3))
    await readers.come("a1", "a2", "a3")

    with pytest.raises(TooManySlowReads, match="already has 3"):
        await readers.limit.enter("a", FAR)
    await readers.come("b1")

    assert ["a1", "b1"] == readers.running


async def test_a_read_that_is_given_up_while_it_waits_counts_no_more():
    readers = Readers(ReadLimit(2, per_token=3))
    await readers.come("a1", "a2", "a3")

    await readers.give_up("a2")
    await readers.come("a4")
    await readers.leave("a1")

    assert ["a3"] == readers.running
    assert not readers.tasks["a4"].done()


async def test_a_read_that_is_given_up_at_its_admission_leaves_its_place():
    readers = Readers(ReadLimit(2))
    await readers.come("a1", "a2")

    readers.running.remove("a1")
    readers.limit.leave("a")
    readers.tasks["a2"].cancel()
    await settle()

    assert 0 == readers.limit.running


async def test_on_idle_is_called_when_the_last_read_is_cancelled_at_its_admission():
    idle: list[int] = []
    limit = ReadLimit(2, on_idle=lambda: idle.append(limit.running))
    readers = Readers(limit)
    await readers.come("a1", "a2")

    readers.limit.leave("a")
    readers.tasks["a2"].cancel()
    await settle()

    assert [0] == idle


async def test_a_read_that_waits_until_its_deadline_is_unavailable():
    limit = ReadLimit(2)
    await limit.enter("a", FAR)

    with pytest.raises(Unavailable, match="in time"):
        await limit.enter("a", asyncio.get_running_loop().time())

    limit.leave("a")
    await limit.enter("a", FAR)


async def test_while_it_is_paused_nobody_is_admitted():
    readers = Readers(ReadLimit(2))
    readers.limit.pause()
    await readers.come("a1", "b1")
    assert [] == readers.running

    readers.limit.resume()
    await settle()

    assert ["a1", "b1"] == readers.running


async def test_all_who_wait_and_all_who_come_later_are_refused():
    readers = Readers(ReadLimit(2))
    await readers.come("a1", "a2")

    readers.limit.refuse(Unavailable("closed"))
    await readers.come("b1")

    for name in ("a2", "b1"):
        with pytest.raises(Unavailable, match="closed"):
            await readers.tasks[name]


async def test_a_read_that_was_just_admitted_is_refused_too():
    readers = Readers(ReadLimit(2))
    await readers.come("a1", "a2")

    readers.limit.leave("a")
    readers.limit.refuse(Unavailable("closed"))

    with pytest.raises(Unavailable, match="closed"):
        await readers.tasks["a2"]
    assert 0 == readers.limit.running
