"""The token whose request is being answered: slow reads are shared out among tokens, and bounded for each."""

from __future__ import annotations

from contextvars import ContextVar

#: The token's id; empty outside of requests, where nobody competes.
READER: ContextVar[str] = ContextVar("reader", default="")
