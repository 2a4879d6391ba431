"""A store in memory, for tests: the same meaning as the databases', held to the same suite."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from sayso.storage.memory.claim import MemoryClaimStore
from sayso.storage.memory.contact import MemoryContactStore
from sayso.storage.memory.idempotency import MemoryIdempotencyStore
from sayso.storage.memory.ledger import MemoryLedgerStore
from sayso.storage.memory.subscription_type import MemorySubscriptionTypeStore
from sayso.storage.memory.token import MemoryTokenStore
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryStore:
    """`ports.Store` in dictionaries."""

    def __init__(self) -> None:
        self.workspace = MemoryWorkspaceStore()
        self.idempotency = MemoryIdempotencyStore()
        self.subscription_type = MemorySubscriptionTypeStore(self.workspace, self.idempotency)
        self.contact = MemoryContactStore(self.subscription_type)
        self.claim = MemoryClaimStore(self.contact)
        self.ledger = MemoryLedgerStore(self.contact)
        self.token = MemoryTokenStore(self.workspace)

    def alone(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass
