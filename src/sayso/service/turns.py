"""Turns: within a process, acts on one contact queue, each read and decided after the one before it is committed."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections import deque
from types import TracebackType

Key = tuple[str, str]


class Turns:
    """`async with turns.of(workspace_id, contact_id):` one at a time per contact, first come first served."""

    def __init__(self) -> None:
        self._waiting: dict[Key, deque[Future[None]]] = {}

    def of(self, workspace_id: str, contact_id: str) -> _Turn:
        return _Turn(self, (workspace_id, contact_id))

    async def _enter(self, key: Key) -> None:
        queue = self._waiting.get(key)
        if queue is None:
            self._waiting[key] = deque()
            return
        ours = get_running_loop().create_future()
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


class _Turn:
    __slots__ = ("_key", "_turns")

    def __init__(self, turns: Turns, key: Key) -> None:
        self._turns = turns
        self._key = key

    async def __aenter__(self) -> None:
        await self._turns._enter(self._key)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns._leave(self._key)
