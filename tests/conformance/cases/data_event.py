from __future__ import annotations

import httpx2
from tests.conformance.operations import NOBODY, Case, Cast

_EVENT = {"event_name": "invited-friend", "created_at": 1_793_600_000, "metadata": {"invite_code": "ADDAFRIEND"}}
_TOLD = {"event_name": "placed-order", "count": 3, "first": 1_671_028_894, "last": 1_793_600_000}

CASES = {
    ("POST", "/events"): [
        Case(202, "/events", {**_EVENT, "id": "{contact}"}),
        Case(202, "/events", {**_EVENT, "user_id": "{external_id}"}),
        Case(202, "/events", {**_EVENT, "email": "{email}"}),
        Case(400, "/events", {"created_at": 1_793_600_000, "id": "{contact}"}),
        Case(400, "/events", {**_EVENT, "id": "{contact}", "metadata": {"nested": {"no": 1}}}),
        Case(404, "/events", {**_EVENT, "id": NOBODY}),
    ],
    ("GET", "/events"): [
        Case(200, "/events?type=user&user_id={external_id}"),
        Case(200, "/events?type=user&intercom_user_id={contact}&per_page=1"),
        Case(200, "/events?type=user&email={email}&summary=true"),
        Case(400, "/events?type=user"),
        Case(400, "/events?user_id={external_id}"),
        Case(404, "/events?type=user&user_id=nobody"),
    ],
    ("POST", "/events/summaries"): [
        Case(200, "/events/summaries", {"user_id": "{external_id}", "event_summaries": _TOLD}),
        Case(400, "/events/summaries", {"user_id": "{external_id}"}),
        Case(404, "/events/summaries", {"user_id": "nobody", "event_summaries": _TOLD}),
    ],
}


async def cast(client: httpx2.AsyncClient, cast: Cast) -> Cast:
    """Two things that Alice did, so that there is a second page."""
    for at in (1_793_500_000, 1_793_500_001):
        answer = await client.post("/events", json={"event_name": "ordered", "created_at": at, "id": cast["contact"]})
        assert 202 == answer.status_code, answer.text
    return {}
