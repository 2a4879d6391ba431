"""A store in memory, for tests, ours and other people's: the same meaning as the databases', held to the same suite."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from copy import deepcopy
from typing import Any

from sayso.service.ports_schema import SchemaDifferences
from sayso.storage.memory.activity import MemoryActivityStore
from sayso.storage.memory.admin import MemoryAdminStore
from sayso.storage.memory.bulk import MemoryBulkStore
from sayso.storage.memory.claim import MemoryClaimStore
from sayso.storage.memory.company import MemoryCompanyStore, MemoryScrollStore
from sayso.storage.memory.company_search import MemoryCompanySearchStore
from sayso.storage.memory.contact import MemoryContactStore
from sayso.storage.memory.contact_count import MemoryContactCountStore
from sayso.storage.memory.data_attribute import MemoryDataAttributeStore
from sayso.storage.memory.data_event import MemoryDataEventStore
from sayso.storage.memory.digest import MemoryDigestStore
from sayso.storage.memory.idempotency import MemoryIdempotencyStore
from sayso.storage.memory.ledger import MemoryLedgerStore
from sayso.storage.memory.link_rows import MemoryLinkRowStore
from sayso.storage.memory.links import MemoryLinkStore
from sayso.storage.memory.note import MemoryNoteStore
from sayso.storage.memory.search import MemorySearchStore
from sayso.storage.memory.settings_log import MemorySettingsLogStore
from sayso.storage.memory.subscription_type import MemorySubscriptionTypeStore
from sayso.storage.memory.tag import MemoryTagStore
from sayso.storage.memory.token import MemoryTokenStore
from sayso.storage.memory.workspace import MemoryWorkspaceStore


class MemoryStore:
    """`ports.Store` in dictionaries."""

    def __init__(self) -> None:
        self.settings_log = MemorySettingsLogStore()
        self.workspace = MemoryWorkspaceStore(self.settings_log)
        self.admin = MemoryAdminStore(self.workspace)
        self.tag = MemoryTagStore(self.workspace)
        self.data_attribute = MemoryDataAttributeStore(self.workspace)
        self.idempotency = MemoryIdempotencyStore()
        self.subscription_type = MemorySubscriptionTypeStore(self.workspace, self.idempotency)
        self.contact = MemoryContactStore(self.subscription_type)
        self.activity = MemoryActivityStore(self.contact)
        self.contact_count = MemoryContactCountStore(self.contact)
        self.bulk = MemoryBulkStore()
        self.claim = MemoryClaimStore(self.contact)
        self.digest = MemoryDigestStore(self.contact)
        self.company = MemoryCompanyStore(self.contact)
        self.company_search = MemoryCompanySearchStore(self.company)
        self.scroll = MemoryScrollStore()
        self.ledger = MemoryLedgerStore(self.contact)
        self.links = MemoryLinkStore(self.contact)
        self.link_rows = MemoryLinkRowStore(self.contact)
        self.note = MemoryNoteStore(self.contact)
        self.data_event = MemoryDataEventStore(self.contact)
        self.search = MemorySearchStore(self.contact)
        self.token = MemoryTokenStore(self.workspace)
        self._beginning = deepcopy(self._parts())

    def remember(self) -> None:
        """What is here now is the beginning that `reset` goes back to."""
        self._beginning = deepcopy(self._parts())

    def reset(self) -> None:
        self.__dict__.update(deepcopy(self._beginning))

    def _parts(self) -> dict[str, Any]:
        """Every feature's store: some share what they hold, so they are copied together."""
        return {name: part for name, part in self.__dict__.items() if not name.startswith("_")}

    def alone(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    def stop_slow_reads(self) -> None:
        return

    def limit_waits(self, seconds: float) -> None:
        return

    async def compare_schema(self) -> SchemaDifferences:
        return SchemaDifferences()

    async def check(self) -> None:
        pass

    async def close(self) -> None:
        pass
