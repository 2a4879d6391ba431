"""Which requests a fault is meant for."""

from __future__ import annotations

from typing import Any

import pytest

from sayso.domain.errors import Invalid
from sayso.domain.fault import MOST_SECONDS, MOST_TIMES, Fault, FaultKind

FIND = ("contacts", "{id}")
SEARCH = ("contacts", "search")


def _parts(route: str) -> tuple[str, ...]:
    return tuple(route.strip("/").split("/"))


@pytest.mark.parametrize(
    ("fields", "method", "route", "path", "fits"),
    [
        ({}, "GET", FIND, "/contacts/1", True),
        ({}, "GET", None, "/nowhere", True),
        ({"method": "POST"}, "GET", FIND, "/contacts/1", False),
        ({"route": "/contacts/{any}"}, "GET", FIND, "/contacts/1", True),
        ({"route": "/contacts/{any}"}, "POST", SEARCH, "/contacts/search", False),
        ({"route": "/contacts/search"}, "POST", SEARCH, "/contacts/search", True),
        ({"route": "/contacts/1"}, "GET", FIND, "/contacts/1", True),
        ({"route": "/contacts/1"}, "GET", FIND, "/contacts/2", False),
        ({"route": "/contacts"}, "GET", FIND, "/contacts/1", False),
        ({"route": "/contacts/{id}"}, "GET", None, "/contacts/1", False),
    ],
)
def test_a_fault_is_meant_for_a_method_and_a_route_or_for_one_thing_on_it(
    fields: dict[str, Any], method: str, route: tuple[str, ...] | None, path: str, *, fits: bool
):
    wanted = fields | ({"route": _parts(fields["route"])} if "route" in fields else {})

    assert fits == Fault(FaultKind.CUT, **wanted).fits(method, route, _parts(path))


def test_a_fault_that_no_request_can_meet_is_known_beforehand():
    fault = Fault(FaultKind.CUT, method="GET", route=("contacts", "1"))

    assert fault.may_meet("GET", FIND)
    assert not fault.may_meet("PUT", FIND)
    assert not fault.may_meet("GET", SEARCH)


@pytest.mark.parametrize(
    ("kind", "fields", "blamed"),
    [
        ("cut", {"times": 0}, "times"),
        ("cut", {"times": MOST_TIMES + 1}, "times"),
        ("slow", {"seconds": 0.0}, "seconds"),
        ("slow", {"seconds": MOST_SECONDS + 1}, "seconds"),
        ("slow", {"seconds": float("nan")}, "seconds"),
        ("500", {"seconds": 1.0}, "seconds"),
        ("429", {"served": True}, "served"),
        ("slow", {"seconds": 1.0, "served": True}, "served"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(kind: str, fields: dict[str, Any], blamed: str):
    with pytest.raises(Invalid) as refused:
        Fault(FaultKind(kind), **fields)

    assert blamed == refused.value.field
