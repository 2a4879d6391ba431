"""Rate limits, counted in fixed windows per key."""

from __future__ import annotations

from sayso.http.limits import network

#: The length of a window, in seconds.
WINDOW = 10
_WINDOW_MS = WINDOW * 1000

#: What clients are told where there is no limit, per minute.
_SHOWN = 10_000

#: How many clients are counted in a window, and how many tokens. One kind takes no room from the other: a stranger can
#: come from very many addresses, and must not switch off the limits of tokens.
_MOST_KEYS = 100_000

#: How the key of a client begins; the others are ids of tokens.
CLIENT = "client "


def client_key(address: str) -> str:
    """The key of a client without a valid token: addresses that one client can choose among count as one."""
    return CLIENT + network(address)


class Windows:
    """Counts of the present window. `per_minute` 0 switches the limit off; clients are told one all the same."""

    def __init__(self, per_minute: int) -> None:
        self._off = per_minute == 0
        self.limit = -(-(per_minute or _SHOWN) * WINDOW // 60)
        self._window = 0
        self._counts: dict[str, int] = {}
        self._clients = 0
        self.reset = 0

    def spend(self, key: str, now: int) -> int:
        """Count one for `key` at `now` (ms); what remains after it, negative when there was nothing left."""
        self._turn(now)
        if self._off:
            return self.limit
        count = self._counts.get(key, 0) + 1
        if count == 1 and not self._has_room(key):
            return self.limit - 1
        self._counts[key] = count
        return self.limit - count

    def _has_room(self, key: str) -> bool:
        """Whether one more key of its kind can be counted; of clients, that it is."""
        if not key.startswith(CLIENT):
            return len(self._counts) - self._clients < _MOST_KEYS
        if self._clients >= _MOST_KEYS:
            return False
        self._clients += 1
        return True

    def left(self, key: str, now: int) -> int:
        """What remains for `key`, counting nothing."""
        self._turn(now)
        return self.limit if self._off else self.limit - self._counts.get(key, 0)

    def lines(self, left: int) -> bytes:
        """What clients are told of a window with so many left, as header lines."""
        told = (self.limit, self.reset, max(left, 0))
        return b"x-ratelimit-limit: %d\r\nx-ratelimit-reset: %d\r\nx-ratelimit-remaining: %d\r\n" % told

    def _turn(self, now: int) -> None:
        window = now // _WINDOW_MS
        if window != self._window:
            self._window = window
            self._counts = {}
            self._clients = 0
            self.reset = (window + 1) * WINDOW
