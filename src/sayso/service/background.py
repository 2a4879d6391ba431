"""Work that goes on when the request that began it is answered, until it is done or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

from sayso.domain.errors import SaysoError, Unavailable

Work = Callable[[], Awaitable[None]]


class Background:
    """`tasks` are those that are not done yet. What fails with an error of ours is left to the next process."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Work) -> asyncio.Task[None]:
        async def suppressed() -> None:
            with suppress(SaysoError):
                await work()

        # Outside of the request that began it, whose time is up when it is answered.
        task = asyncio.get_running_loop().create_task(suppressed(), context=Context())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def stop(self) -> None:
        """Leave what is not finished to the next process."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def until_available(work: Work) -> None:
    """Do it again, after a pause, for as long as the store cannot take it."""
    while True:
        try:
            return await work()
        except Unavailable as refused:
            await asyncio.sleep(refused.retry_after)
