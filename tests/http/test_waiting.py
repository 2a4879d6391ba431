"""Work that waits without a task: cancelled as a task is."""

from __future__ import annotations

import asyncio

import pytest

from sayso.http.request import Fields, Request
from sayso.http.response import Response
from sayso.http.waiting import Waiting


class Work:
    """A coroutine that waits for what it is given, and notes what came of it."""

    def __init__(self, awaitable) -> None:
        self.seen: list[str] = []
        self.finished: list[Response | None] = []
        self._awaitable = awaitable
        self.request = Request("GET", b"/", Fields(), b"", "192.0.2.1")
        coroutine = self._run()
        pending = coroutine.send(None)
        loop = asyncio.get_running_loop()
        self.waiting = Waiting(loop, coroutine, self._finish, self.request, keep_alive=True)
        self.waiting.on(pending)

    async def _run(self) -> Response:
        try:
            await self._awaitable
        except asyncio.CancelledError:
            self.seen.append("cancelled")
            # Cleaning up may wait too.
            await asyncio.sleep(0)
            self.seen.append("cleaned up")
            raise
        self.seen.append("went on")
        return Response(b"")

    def _finish(self, waiting: Waiting, response: Response | None) -> None:
        self.finished.append(response)


async def some_rounds() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def a_future(result: str | None = None) -> asyncio.Future[str]:
    future = asyncio.get_running_loop().create_future()
    if result is not None:
        asyncio.get_running_loop().call_soon(future.set_result, result)
    return future


@pytest.mark.parametrize(
    "awaitable",
    [a_future, lambda: asyncio.sleep(0), lambda: asyncio.sleep(3600)],
    ids=["a future", "the next round", "a timer"],
)
async def test_work_that_waits_receives_the_cancellation_and_cleans_up(awaitable):
    work = Work(awaitable())
    work.waiting.cancel("the reason")
    await some_rounds()

    assert ["cancelled", "cleaned up"] == work.seen
    assert [None] == work.finished


async def test_work_is_cancelled_even_where_its_future_was_done_first():
    future = a_future()
    work = Work(future)
    future.set_result("too late")
    work.waiting.cancel()
    await some_rounds()

    assert ["cancelled", "cleaned up"] == work.seen
    assert [None] == work.finished


async def test_work_that_ignores_a_cancellation_goes_on_to_its_answer():
    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(0)

    work = Work(stubborn())
    work.waiting.cancel()
    await some_rounds()

    assert ["went on"] == work.seen
    assert [b""] == [response.body for response in work.finished]


async def test_abandoned_work_is_cancelled_once_when_its_request_is_cancellable_and_it_waits():
    first, second = a_future(), a_future()

    async def two_steps() -> None:
        await first
        work.request.cancellable = True
        await second

    work = Work(two_steps())
    work.waiting.abandon()
    await some_rounds()
    assert [] == work.seen

    first.set_result("recognised")
    await asyncio.sleep(0)
    # While it cleans up, the connection may be lost as well.
    work.waiting.abandon()
    await some_rounds()
    assert (["cancelled", "cleaned up"], [None]) == (work.seen, work.finished)
    assert second.cancelled()


async def test_cleaning_up_is_not_cancelled_by_a_connection_that_is_lost_meanwhile():
    work = Work(a_future())
    work.request.cancellable = True
    work.waiting.abandon()
    while not work.seen:
        await asyncio.sleep(0)
    work.waiting.abandon()
    await some_rounds()

    assert ["cancelled", "cleaned up"] == work.seen
