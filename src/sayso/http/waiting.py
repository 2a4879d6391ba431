"""Requests whose answer must wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sayso.http.request import Request
from sayso.http.response import Response


class Waiting:
    """Work that has begun and waits, gone on with as soon as what it waits for is there; `finish` is told the response,
    or None where the work failed.

    A task would do the same, at the price of a small request. So there is no current task here: what needs one, such as
    a timeout, makes its own.
    """

    __slots__ = (
        "_abandoned",
        "_cancelled",
        "_finish",
        "_future",
        "_loop",
        "_stopped",
        "_work",
        "keep_alive",
        "request",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Response],
        finish: Callable[[Waiting, Response | None], None],
        request: Request,
        *,
        keep_alive: bool,
    ) -> None:
        self._loop = loop
        self._work = work
        self._finish = finish
        self._cancelled = self._abandoned = self._stopped = False
        self.request = request
        self.keep_alive = keep_alive

    def on(self, pending: Any) -> None:
        """Wait for what a coroutine gave out: a future, or nothing, which is the next round of the loop."""
        if pending is None:
            self._future: Any = None
            self._loop.call_soon(self._go_on)
            return
        self._future = pending
        # Tells the future that it is awaited properly, as a task does it.
        pending._asyncio_future_blocking = False
        pending.add_done_callback(self._go_on)

    def cancel(self, msg: str | None = None) -> None:
        """Raise CancelledError in the work, as a task does: where it waits, in the next round of the loop."""
        future = self._future
        # The next round, or a future that is done already, comes by itself: the work learns of it then.
        if future is None or not future.cancel():
            self._cancelled = True

    def abandon(self) -> None:
        """Cancel the work because its client is gone: now, or when it waits again and its request is cancellable."""
        self._abandoned = True
        # Only once: the work may wait while it cleans up.
        if self.request.cancellable and not self._stopped:
            self._stopped = True
            self.cancel()

    def _go_on(self, _done: object = None) -> None:
        try:
            if self._cancelled:
                self._cancelled = False
                pending = self._work.throw(asyncio.CancelledError())
            else:
                pending = self._work.send(None)
        except StopIteration as done:
            self._finish(self, done.value)
        except asyncio.CancelledError:
            self._finish(self, None)
        except Exception as error:  # noqa: BLE001
            # Not raised: the loop's own frame would keep the error, and with it all of this, until a collection.
            self._finish(self, None)
            self._loop.call_exception_handler({"message": "a request failed", "exception": error})
        else:
            self.on(pending)
            if self._abandoned:
                self.abandon()
