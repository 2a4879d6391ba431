"""Patience: since when a request has been waiting, whatever it waited for, by the loop's time.

A request asks a store more than once, and queues for its turn: all of that together may take as long as one answer.
"""

from __future__ import annotations

from contextvars import ContextVar

#: How long whoever loses to others again and again is let go on, in seconds.
PATIENCE = 5.0

#: None outside of requests: a command may take its time for each question.
WAITING_SINCE: ContextVar[float | None] = ContextVar("waiting_since", default=None)
