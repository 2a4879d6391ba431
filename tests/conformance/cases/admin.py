from __future__ import annotations

from tests.conformance.operations import Case

CASES = {("GET", "/me"): [Case(200, "/me")]}
