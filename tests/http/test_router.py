"""Routes, matched segment by segment."""

from dataclasses import dataclass

import pytest

from sayso.http.router import NotAllowed, Router


@dataclass
class Route:
    method: str
    path: str


ALL, ONE, NEW, FOUND, PART = (
    Route("GET", "/things"),
    Route("GET", "/things/{id}"),
    Route("POST", "/things"),
    Route("GET", "/things/find/{name}"),
    Route("DELETE", "/things/{id}/parts/{part}"),
)
ROUTER = Router([ALL, ONE, NEW, FOUND, PART])


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "things", (ALL, [])),
        ("POST", "things", (NEW, [])),
        ("GET", "things/1", (ONE, ["1"])),
        ("HEAD", "things/1", (ONE, ["1"])),
        ("GET", "things/find/x", (FOUND, ["x"])),
        ("DELETE", "things/1/parts/2", (PART, ["1", "2"])),
        ("GET", "", None),
        ("GET", "nothing", None),
        ("GET", "things/1/parts", None),
        ("GET", "things/1/2", None),
    ],
)
def test_a_path_leads_to_its_route_and_parameters(method, path, expected):
    assert expected == ROUTER.match(method, [part for part in path.split("/") if part])


@pytest.mark.parametrize(
    ("method", "segments", "allow"),
    [
        ("PUT", ["things"], ("GET", "HEAD", "POST")),
        ("HEAD", ["things", "1", "parts", "2"], ("DELETE",)),
        ("POST", ["things", "1"], ("GET", "HEAD")),
    ],
)
def test_a_method_that_is_not_there_is_told_with_those_that_are(method, segments, allow):
    with pytest.raises(NotAllowed) as refused:
        ROUTER.match(method, segments)

    assert allow == refused.value.allow
