"""Acts on one contact queue, first come first served; acts on others do not wait."""

from __future__ import annotations

import asyncio

import pytest
from tests.machine import DEADLINE

from sayso.service.turns import Turns


class Queue:
    """Actors that enter by name and stay until they are let go."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.inside: list[str] = []
        self.left: list[str] = []
        self.go: dict[str, asyncio.Event] = {}

    def enter(self, name: str, contact: str = "alice") -> asyncio.Task[None]:
        self.go[name] = asyncio.Event()
        return asyncio.ensure_future(self._enter(name, contact))

    async def _enter(self, name: str, contact: str) -> None:
        async with self.turns.of("acme", contact):
            self.inside.append(name)
            await self.go[name].wait()
        self.left.append(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_acts_on_one_contact_go_one_by_one_in_order():
    queue = Queue()
    actors = [queue.enter(name) for name in ("a", "b", "c")]
    await settle()
    assert ["a"] == queue.inside

    for name in ("c", "b", "a"):
        queue.go[name].set()
    await asyncio.gather(*actors)

    assert ["a", "b", "c"] == queue.inside == queue.left


async def test_acts_on_other_contacts_do_not_wait():
    queue = Queue()
    actors = [queue.enter("a", "alice"), queue.enter("b", "bob")]
    await settle()

    assert ["a", "b"] == queue.inside
    for event in queue.go.values():
        event.set()
    await asyncio.gather(*actors)


async def test_one_who_goes_away_while_waiting_is_passed_over():
    queue = Queue()
    actors = [queue.enter(name) for name in ("a", "b", "c")]
    await settle()

    actors[1].cancel()
    await settle()
    queue.go["a"].set()
    queue.go["c"].set()
    await asyncio.gather(*actors, return_exceptions=True)

    assert ["a", "c"] == queue.inside


async def test_one_who_goes_away_at_their_turn_passes_it_on():
    queue = Queue()
    go = asyncio.Event()

    async def first() -> None:
        async with queue.turns.of("acme", "alice"):
            await go.wait()
        # The turn is b's by now, but b has not run yet.
        actors[1].cancel()

    actors = [asyncio.ensure_future(first())]
    await settle()
    actors += [queue.enter("b"), queue.enter("c")]
    await settle()

    go.set()
    queue.go["c"].set()
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*actors, return_exceptions=True)

    assert ["c"] == queue.inside == queue.left


async def test_one_who_fails_passes_the_turn_on():
    queue = Queue()

    async def failing() -> None:
        async with queue.turns.of("acme", "alice"):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await failing()
    actor = queue.enter("a")
    queue.go["a"].set()
    await actor

    assert ["a"] == queue.left


async def test_nothing_is_kept_of_contacts_that_nobody_acts_on():
    queue = Queue()
    actors = [queue.enter(f"{number}", f"{number % 5}") for number in range(50)]
    await settle()
    actors[49].cancel()

    for event in queue.go.values():
        event.set()
    await asyncio.gather(*actors, return_exceptions=True)

    assert {} == queue.turns._waiting
