"""Shapes do not depend on the store; what stores promise is held elsewhere, so one kind will do here."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sayso.service.ports import Store
from sayso.storage.memory import MemoryStore


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = MemoryStore()
    yield opened
    await opened.close()
