"""What operators and their machines are told."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Health(Struct):
    version: str
    status: Literal["ok"] = "ok"


class Readiness(Struct):
    """`reasons` says, while it is unavailable, what is wrong."""

    status: Literal["ok", "unavailable"]
    reasons: list[str]
