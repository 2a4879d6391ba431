"""Errors on Intercom's wire: what failed, and nothing of what it was about."""

from __future__ import annotations

from tests.conftest import Acme
from tests.intercom.told import told

from sayso.domain import errors


async def test_a_defect_is_a_500_in_the_envelope_that_tells_nothing(acme: Acme, monkeypatch):
    async def broken(*given: object) -> None:
        raise RuntimeError("alice@example.com")

    monkeypatch.setattr(acme.region.store.contact, "find", broken)

    answer = await acme.get("/contacts/65a000000000000000000000")

    assert (500, "server_error", "Server Error", None) == told(answer)
    assert "alice" not in answer.text


async def test_a_store_that_cannot_take_it_now_is_a_503_with_retry_after(acme: Acme, monkeypatch):
    async def full(*given: object) -> None:
        raise errors.Unavailable("The disk is full; nothing was written", 5)

    monkeypatch.setattr(acme.region.store.contact, "commit", full)

    answer = await acme.post("/contacts", {"email": "alice@example.com"})

    assert (503, "service_unavailable", "The disk is full; nothing was written", None) == told(answer)
    assert "5" == answer.headers["retry-after"]
