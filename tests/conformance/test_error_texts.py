"""What errors say, whatever value is wrong: nothing of the program inside, the field, and what is allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from tests.cast import TOKEN
from tests.conformance.operations import CASES, Case, cast_for, filled
from tests.conformance.wrong_values import Inputs, Sample
from tests.conftest import Acme

from sayso import twin
from sayso.domain.access import ALL_SCOPES
from sayso.http.request import Fields, Request
from sayso.http.response import Response
from sayso.settings import Settings

Json = dict[str, Any]
Respond = Callable[[Request], Awaitable[Response]]

#: Types and values as Python and the decoder write them, and paths as the decoder does.
INSIDE = re.compile(
    r"\b(str|int|bool|dict|tuple|bytes|NoneType|None|True|False|UNSET|Struct|Literal|Traceback|msgspec|sayso)\b"
    r"|\b(Expected|got|at) `|got (list|float|set|object)\b|<class|0x[0-9a-f]{5}|\[\.\.\.\]|\$[.\[]"
)

#: Parameters of the paths of our own surface.
OWN_PATHS = {"{id}": "{draft}", "{locale}": "fr"}


async def test_no_error_shows_what_is_inside_and_each_names_the_field_and_what_it_may_be(acme: Acme):
    # What is sent here is held against the descriptions elsewhere, and reading them takes longer than all of this.
    acme.client.event_hooks = {}
    document = (await acme.get("/openapi.json")).json()
    faults: list[str] = []
    for number, (method, route) in enumerate(_operations(document)):
        acme.clock.pass_(10_000)
        if (method, route) in CASES:
            cast = await cast_for((method, route), acme.client, number)
            good = [case for case in CASES[method, route] if case.status < 300]
        else:
            cast, good = acme.types, [Case(200, _own_path(route))]
        bodies = [filled(case.body, cast) for case in good if case.body is not None]
        inputs = Inputs(document, method, route, filled(good[0].path, cast), bodies)
        acme.clock.pass_(10_000)
        faults += await _faults(acme.app.respond, method, inputs)

    assert [] == faults


async def test_nor_does_an_error_of_a_server_for_tests():
    # Without a limit: the clock of the server is among what is set.
    async with twin.composed(Settings(ephemeral=True, rate_limit=0)) as server:
        region = server.regions.default
        workspace = await region.workspaces.create("Acme")
        await region.access.create(workspace.id, "all", ALL_SCOPES, "us", TOKEN)
        answer = await server.app.respond(_request("GET", Sample("/openapi.json", b"")))
        document = json.loads(answer.body)
        faults: list[str] = []
        for method, route in _operations(document):
            if route.startswith("/sayso/test/"):
                faults += await _faults(server.app.respond, method, Inputs(document, method, route, route, []))

    assert [] == faults


def _operations(document: Json) -> Iterator[tuple[str, str]]:
    for route, operations in document["paths"].items():
        for method in operations:
            yield method.upper(), route


def _own_path(route: str) -> str:
    return "/".join(OWN_PATHS[part] if part.startswith("{") else part for part in route.split("/"))


async def _faults(respond: Respond, method: str, inputs: Inputs) -> list[str]:
    """What is wrong with the errors of an operation."""
    # The second time a right request may be a conflict, and no value is to blame.
    about_nothing = {_text(await respond(_request(method, right))) for right in (*inputs.right(), *inputs.right())}
    faults = []
    for request in inputs.wrong():
        answer = await respond(_request(method, request))
        text = _text(answer)
        fault = _fault(request, answer.status, text, blames=text not in about_nothing)
        if fault:
            faults.append(f"{method} {request.path[:80]} {request.body[-80:]!r} {answer.status} {fault}: {text[:200]}")
    return faults


def _request(method: str, wrong: Sample) -> Request:
    fields = {"host": "sayso.test", "authorization": f"Bearer {TOKEN}", **dict(wrong.headers)}
    raw = Fields({name.lower().encode(): value.encode("latin-1") for name, value in fields.items()})
    return Request(method, wrong.path.encode(), raw, wrong.body, "127.0.0.1")


def _text(answer: Response) -> str:
    """What an error says, and the field that it names; empty where it is none."""
    if answer.status < 400:
        return ""
    content = json.loads(answer.body)
    if content.get("type") == "error.list":
        (error,) = content["errors"]
        return f"{error['message']} ({error.get('field', '')})"
    fields = [f"{error['detail']} ({error['field']})" for error in content.get("errors", [])]
    return " ".join([content["title"], content["detail"], *fields])


def _fault(wrong: Sample, status: int, text: str, *, blames: bool) -> str:
    if status == 429 or status >= 500:
        return "is no answer to a wrong value"
    if INSIDE.search(text):
        return "shows what is inside"
    if len(text) > 1000:
        return "repeats what was sent"
    if status not in (400, 422) or not wrong.names or not blames:
        return ""
    if not any(_names(text, name) for name in wrong.names):
        return f"names none of {', '.join(wrong.names)}"
    own = wrong.path.startswith("/sayso/")
    return f"lacks one of {', '.join(wrong.allowed)}" if own and not all(map(text.count, wrong.allowed)) else ""


def _names(text: str, name: str) -> bool:
    """Whether a text uses a field's name, or its words."""
    plain = text.replace("_", " ").lower()
    return re.search(rf"\b{re.escape(name.replace('_', ' ').lower())}\b", plain) is not None
