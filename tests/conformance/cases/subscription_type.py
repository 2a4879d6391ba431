from __future__ import annotations

from tests.conformance.operations import NO_NUMBER, NOBODY, Case

CASES = {
    ("GET", "/subscription_types"): [Case(200, "/subscription_types")],
    ("GET", "/subscription_types/{id}"): [
        Case(200, "/subscription_types/{sms}"),
        Case(200, "/subscription_types/{archived}"),
        Case(404, f"/subscription_types/{NO_NUMBER}"),
    ],
    ("GET", "/contacts/{contact_id}/subscriptions"): [
        Case(200, "/contacts/{contact}/subscriptions"),
        Case(404, f"/contacts/{NOBODY}/subscriptions"),
    ],
    ("POST", "/contacts/{contact_id}/subscriptions"): [
        Case(200, "/contacts/{contact}/subscriptions", {"id": "{sms}", "consent_type": "opt_in"}),
        Case(400, "/contacts/{contact}/subscriptions", {"consent_type": "opt_in"}),
        Case(404, "/contacts/{contact}/subscriptions", {"id": "invalid_id", "consent_type": "opt_in"}),
        Case(404, f"/contacts/{NOBODY}/subscriptions", {"id": "{sms}"}),
    ],
    ("DELETE", "/contacts/{contact_id}/subscriptions/{subscription_id}"): [
        Case(200, "/contacts/{contact}/subscriptions/{opt_in}"),
        Case(404, f"/contacts/{NOBODY}/subscriptions/{{opt_in}}"),
        Case(404, "/contacts/{contact}/subscriptions/invalid_id"),
    ],
}
