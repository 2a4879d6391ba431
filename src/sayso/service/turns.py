"""Turns: within a process, acts on one contact queue, each read and decided after the one before it is committed."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Awaitable, Generator
from types import TracebackType
from typing import Any, cast

Key = tuple[str, str]


class Turns:
    """`async with turns.of(workspace_id, contact_id):` one at a time per contact, first come first served."""

    def __init__(self) -> None:
        # None as long as nobody waits behind the one whose turn it is: most turns come at once.
        self._waiting: dict[Key, deque[Future[None]] | None] = {}

    def of(self, workspace_id: str, contact_id: str) -> _Turn:
        return _Turn(self, (workspace_id, contact_id))

    def _enter(self, key: Key) -> Awaitable[None]:
        if key in self._waiting:
            return self._wait(key)
        self._waiting[key] = None
        return _AT_ONCE

    async def _wait(self, key: Key) -> None:
        ours = get_running_loop().create_future()
        queue = self._waiting[key]
        if queue is None:
            queue = self._waiting[key] = deque()
        queue.append(ours)
        try:
            await ours
        except BaseException:
            if ours.done() and not ours.cancelled():
                self._leave(key)
            raise

    def _leave(self, key: Key) -> None:
        queue = self._waiting[key]
        while queue:
            following = queue.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._waiting[key]


class _AtOnce:
    """Nothing to wait for: most turns come at once, and a coroutine each would cost more than they do."""

    def __await__(self) -> Generator[Any, Any, None]:
        return _NOTHING


_NOTHING = cast("Generator[Any, Any, None]", iter(()))
_AT_ONCE = _AtOnce()


class _Turn:
    __slots__ = ("_key", "_turns")

    def __init__(self, turns: Turns, key: Key) -> None:
        self._turns = turns
        self._key = key

    def __aenter__(self) -> Awaitable[None]:
        return self._turns._enter(self._key)

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Awaitable[None]:
        self._turns._leave(self._key)
        return _AT_ONCE
