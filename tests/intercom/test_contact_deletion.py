"""Deletions on request."""

from __future__ import annotations

import pytest
from tests.cast import ALICE
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told


@pytest.mark.parametrize("archived", [False, True])
async def test_a_requested_deletion_is_a_deletion(acme: Acme, archived: bool):
    alice = await acme.contact(**ALICE)
    if archived:
        await acme.post(f"/contacts/{alice}/archive")

    answer = await acme.post("/user_delete_requests", {"intercom_user_id": alice})

    assert (200, {"id": alice}) == (answer.status_code, answer.json())
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{alice}"))
    restored = await acme.post(f"/contacts/{alice}/unarchive")
    assert "User has been marked for permanent deletion and is not restorable." == told(restored)[2]
    assert USER_NOT_FOUND == told(await acme.post("/user_delete_requests", {"intercom_user_id": alice}))


async def test_a_deletion_must_name_a_contact(acme: Acme):
    assert (400, "parameter_not_found", "intercom_user_id") == refused(await acme.post("/user_delete_requests", {}))
