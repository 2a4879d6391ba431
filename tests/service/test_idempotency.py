"""Keys that two processes are given at once: one answers, the other one's caller must ask again."""

from __future__ import annotations

import pytest
from tests.cast import NOON, Clock, draft

from sayso.domain.errors import Unavailable
from sayso.domain.idempotency import KEPT_FOR, IdempotencyRecord
from sayso.domain.subscription_type import SubscriptionType
from sayso.service import decided
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region


async def test_who_comes_second_under_a_key_is_told_at_once(store: Store, monkeypatch: pytest.MonkeyPatch):
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id

    async def sleep(seconds: float) -> None:
        pytest.fail("no waiting gives a key back")

    monkeypatch.setattr(decided, "sleep", sleep)

    def keep(made: SubscriptionType, at: int = NOON) -> IdempotencyRecord:
        return IdempotencyRecord(workspace, "key", "the same", 201, made.id, at)

    first = await region.types.create(workspace, draft(), keep)
    with pytest.raises(Unavailable, match="nothing was written"):
        await region.types.create(workspace, draft(), keep)

    assert [first] == await region.types.all(workspace)
    later = await region.types.create(workspace, draft(), lambda made: keep(made, NOON + KEPT_FOR + 1))
    assert [first, later] == await region.types.all(workspace)
