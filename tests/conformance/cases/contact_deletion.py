from __future__ import annotations

from tests.conformance.operations import NOBODY, Case

CASES = {
    ("POST", "/user_delete_requests"): [
        Case(200, "/user_delete_requests", {"intercom_user_id": "{contact}"}),
        Case(400, "/user_delete_requests", {}),
        Case(400, "/user_delete_requests", {"intercom_user_id": None}),
        Case(404, "/user_delete_requests", {"intercom_user_id": "{contact}"}),
        Case(404, "/user_delete_requests", {"intercom_user_id": NOBODY}),
    ],
}
