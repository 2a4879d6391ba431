"""What clients may hold of a process: connections and requests for each address, and memory for all together."""

from __future__ import annotations

from ipaddress import IPv6Address

from sayso.http.proxies import TrustedProxies

#: How many connections an address may have, unless the settings say otherwise.
PER_ADDRESS = 512

#: How many connections above the limit get a 429; further ones are dropped without an answer.
POLITE = 64

#: How many bytes of requests that are not complete, or wait for their turn, are kept: of all connections, and of one
#: address.
UNFINISHED_LIMIT = 64 * 1024 * 1024
UNFINISHED_PER_ADDRESS = UNFINISHED_LIMIT // 4


class Counts:
    """How many of something each address has. Nothing is kept of an address that has none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, address: str) -> int:
        """Count one more; by how many the address is then above the limit, or less than 1."""
        count = self._counts[address] = self._counts.get(address, 0) + 1
        return count - self._limit

    def remove(self, address: str) -> None:
        count = self._counts.pop(address) - 1
        if count:
            self._counts[address] = count


class Budget:
    """Bytes that are held, of all addresses and of each."""

    def __init__(self) -> None:
        self.used = 0
        self._by_address: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_address)

    def take(self, address: str, size: int) -> bool:
        """Hold so many bytes, if they fit. An address that is empty, such as a proxy's, has no limit of its own.

        `size` is negative where a request turns out to need less than was counted for it.
        """
        of_address = self._by_address.get(address, 0) + size
        if self.used + size > UNFINISHED_LIMIT or (address and of_address > UNFINISHED_PER_ADDRESS):
            return False
        self.used += size
        self._set(address, of_address)
        return True

    def give_back(self, address: str, size: int) -> None:
        if not size:
            return
        self.used -= size
        self._set(address, self._by_address[address] - size)

    def _set(self, address: str, total: int) -> None:
        if total:
            self._by_address[address] = total
        else:
            self._by_address.pop(address, None)


class Limits:
    """One process's. `per_address` 0 switches the limits of connections and requests off.

    A trusted proxy speaks for many: its connections are not counted. The requests in progress of each client that it
    names are, from when a request is complete until it is answered.
    """

    def __init__(self, per_address: int = PER_ADDRESS, proxies: TrustedProxies | None = None) -> None:
        self.proxies = proxies or TrustedProxies("")
        self.per_address = per_address
        self.connections = Counts(per_address)
        self.requests = Counts(per_address)
        self.unfinished = Budget()

    def key(self, client: str) -> str:
        """What a connection's client is counted as: empty where it is not counted."""
        return "" if self.proxies.trusts(client) else network(client)


def network(address: str) -> str:
    """An address as it is counted: of IPv6 the network of 64 bits, for whoever has one address of it has all."""
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return known.exploded[:19]
