"""Every connection is looked at once in an interval, by one timer for all of them."""

from __future__ import annotations

import asyncio

import pytest

from sayso.http.watch import INTERVAL, PARTS, Watch, watch_of


class Connection:
    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> None:
        self.looks += 1


class Clock:
    """The running loop's clock, which stands still unless it is advanced."""

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time()
        asyncio.get_running_loop().time = lambda: self._now  # type: ignore[method-assign]

    async def advance(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self._now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def watch() -> Watch:
    return Watch(asyncio.get_running_loop())


async def test_each_connection_is_looked_at_once_in_an_interval(watch, clock):
    connections = [Connection() for _ in range(200)]
    for connection in connections:
        watch.add(connection)
    for _ in range(PARTS):
        await clock.advance(INTERVAL / PARTS)

    assert {1} == {connection.looks for connection in connections}


async def test_one_that_fails_does_not_keep_the_others_from_being_looked_at(watch, clock):
    class Failing(Connection):
        def look(self) -> None:
            raise RuntimeError

    failed = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failed.append(context["exception"]))
    connections = [Connection() for _ in range(200)]
    for connection in (*(Failing() for _ in range(20)), *connections):
        watch.add(connection)
    await clock.advance(10 * INTERVAL)

    assert {1} == {connection.looks for connection in connections}
    assert 20 == len(failed)


async def test_a_loop_that_was_held_up_looks_at_all_of_them_once(watch, clock):
    connections = [Connection() for _ in range(200)]
    for connection in connections:
        watch.add(connection)
    await clock.advance(10 * INTERVAL)

    assert {1} == {connection.looks for connection in connections}


async def test_what_was_removed_is_not_looked_at(watch, clock):
    stays, goes = Connection(), Connection()
    watch.add(stays)
    watch.add(goes)
    watch.remove(goes)
    await clock.advance(2 * INTERVAL)

    assert (1, 0) == (stays.looks, goes.looks)


async def test_without_connections_nothing_is_scheduled(watch, clock):
    connection = Connection()
    watch.add(connection)
    watch.remove(connection)
    assert watch._timer is None

    watch.add(connection)
    await clock.advance(INTERVAL)
    assert 1 == connection.looks


async def test_a_connection_may_be_removed_when_it_is_looked_at(watch, clock):
    class Leaving(Connection):
        def look(self) -> None:
            super().look()
            watch.remove(self)

    leaving = [Leaving() for _ in range(100)]
    for connection in leaving:
        watch.add(connection)
    await clock.advance(2 * INTERVAL)

    assert {1} == {connection.looks for connection in leaving}
    assert watch._timer is None


async def test_a_loop_has_one_watch():
    loop = asyncio.get_running_loop()

    assert watch_of(loop) is watch_of(loop)
