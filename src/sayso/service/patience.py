"""Patience: since when a request has been waiting, whatever it waited for, by the loop's time.

A request asks a store more than once, and queues for its turn: all of that together may take as long as one answer.
"""

from __future__ import annotations

from asyncio import get_running_loop
from contextvars import ContextVar

#: How long whoever loses to others again and again is let go on, in seconds.
PATIENCE = 5.0

#: None outside of requests: a command may take its time for each question.
WAITING_SINCE: ContextVar[float | None] = ContextVar("waiting_since", default=None)


def answer_by(within: float) -> float:
    """When the request that is being answered must have its answer, or else work of our own, in the loop's time.
    `within`: seconds since it arrived."""
    since = WAITING_SINCE.get()
    return (get_running_loop().time() if since is None else since) + within
