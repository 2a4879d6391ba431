from __future__ import annotations

from tests.conformance.operations import NOBODY, Case

CASES = {
    ("POST", "/contacts/{id}/archive"): [
        Case(200, "/contacts/{contact}/archive"),
        Case(404, "/contacts/{contact}/archive"),
        Case(404, f"/contacts/{NOBODY}/archive", {}),
    ],
    ("POST", "/contacts/{id}/unarchive"): [
        Case(200, "/contacts/{contact}/unarchive", {}),
        Case(404, f"/contacts/{NOBODY}/unarchive"),
    ],
    ("POST", "/contacts/{id}/block"): [
        Case(200, "/contacts/{contact}/block"),
        Case(404, f"/contacts/{NOBODY}/block"),
    ],
}
