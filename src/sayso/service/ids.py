"""Ids and time, as the world gives them."""

from __future__ import annotations

import secrets
import time
import uuid
from itertools import count
from os import urandom

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def now() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class RandomIds:
    """`ports.Ids` from the operating system's randomness."""

    def __init__(self) -> None:
        self._machine = urandom(5).hex()
        self._count = count(int.from_bytes(urandom(3)))
        # Told apart, not secret: a process's random part and a counter cost less than randomness for each.
        self._process = urandom(6).hex()
        self._node = f"{int.from_bytes(urandom(8)) & (1 << 62) - 1 | 1 << 63:016x}"
        self._last = 0
        self._requests = count(int.from_bytes(urandom(3)))

    def act(self, now: int) -> str:
        # RFC 9562, section 6.2: rand_a counts on from the millisecond, so that ids rise even when the clock does not.
        self._last = last = max(self._last + 1, now << 12)
        return f"{(last >> 12 & 0xFFFFFFFFFFFF) << 16 | 7 << 12 | last & 0xFFF:016x}{self._node}"

    def contact(self, now: int) -> str:
        return f"{now // 1000 & 0xFFFFFFFF:08x}{self._machine}{next(self._count) & 0xFFFFFF:06x}"

    def subject(self) -> str:
        return urandom(16).hex()

    def binding_key(self) -> bytes:
        return urandom(16)

    def request(self) -> str:
        return f"{self._process}{next(self._requests) & 0xFFFFFFFF:08x}"

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def code(self) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(8))

    def secret(self) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(40))
