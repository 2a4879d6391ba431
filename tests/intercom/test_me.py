"""Who a token speaks for."""

from __future__ import annotations

from tests.conftest import Acme

#: What none of our admins is or has.
_NEVER = {"job_title": "", "away_mode_enabled": False, "away_mode_reassign": False, "team_ids": []}


async def test_me_tells_the_admin_and_the_app(acme: Acme):
    body = (await acme.get("/me")).json()

    assert ["type", "id", "email", "name", "email_verified", "app", "avatar", "has_inbox_seat", *_NEVER] == list(body)
    assert _NEVER == {name: body[name] for name in _NEVER}
    assert {
        "type": "app",
        "id_code": acme.workspace.id,
        "name": "Acme",
        "created_at": acme.workspace.created_at // 1000,
        "secure": False,
        "identity_verification": False,
        "timezone": "UTC",
        "region": "US",
    } == body["app"]
    assert {"type": "avatar", "image_url": None} == body["avatar"]
