"""Isolation: what belongs to Globex answers Acme exactly as what is nowhere."""

from __future__ import annotations

import re

import httpx2
import pytest
from tests.conformance.operations import (
    CASES,
    MOVING,
    NO_NUMBER,
    NOBODY,
    Case,
    Cast,
    Operation,
    cast_for,
    filled,
    made,
    words,
)
from tests.conftest import Acme
from tests.intercom.told import without_request_id

from sayso.api.routes import ROUTES as API_ROUTES
from sayso.domain.access import Scope
from sayso.intercom.routes import ROUTES
from sayso.storage.memory import MemoryStore
from sayso.storage.migrate import files

NEWEST = {"Intercom-Version": "Preview"}

#: Sayso's own routes that name something, with a request that would do something.
API_CASES: dict[Operation, Case] = {
    ("GET", "/sayso/subscription_types/{id}"): Case(200, "/sayso/subscription_types/{sms}"),
    ("PUT", "/sayso/subscription_types/{id}"): Case(200, "/sayso/subscription_types/{sms}", {"state": "archived"}),
    ("PUT", "/sayso/subscription_types/{id}/translations/{locale}"): Case(
        200, "/sayso/subscription_types/{sms}/translations/fr", {"name": "x", "description": "x"}
    ),
}

TABLES = [name for _, sql in files() for name in re.findall(r"CREATE TABLE (\w+)", sql)]

#: Words of the cast that name nothing of a workspace's.
FREE = {"number"}

#: Parameters of paths that name nothing of a workspace's.
NAMELESS = {"{locale}"}


def naming() -> dict[Operation, list[Case]]:
    """The cases that succeed and name what is a workspace's, in the path or in the body."""
    every = {**CASES, **{operation: [case] for operation, case in API_CASES.items()}}
    return {
        operation: found
        for operation, cases in every.items()
        if (found := [case for case in cases if case.status < 300 and words(case) - FREE])
    }


NAMING = naming()


def test_every_route_that_names_something_has_a_case():
    for route in (*ROUTES, *API_ROUTES):
        if "{" in route.path:
            first = (NAMING.get((route.method, route.path)) or [Case(0, "")])[0]
            named = [bool(words(Case(0, part)) - FREE) for part in first.path.partition("?")[0].split("/")]
            assert named == [part.startswith("{") and part not in NAMELESS for part in route.path.split("/")], (
                route.path
            )


@pytest.mark.parametrize("operation", NAMING, ids=" ".join)
async def test_what_is_another_workspace_s_answers_like_what_is_nowhere(
    acme: Acme, operation: Operation, subtests: pytest.Subtests
):
    """One word of a case after the other names what is Globex', the others what is the caller's own."""
    theirs, own = await casts(acme, operation)
    for case in NAMING[operation]:
        for word in sorted(words(case) - FREE):
            with subtests.test(f"{word} in {case}"):
                assert theirs[word] != own[word], "tells nothing"
                before = await everything(acme)
                foreign = await ask(acme.client, operation, case, own | {word: theirs[word]})
                absent = await ask(acme.client, operation, case, own | {word: nowhere(own[word])})

                if f"{{{word}}}" in case.path.partition("?")[0]:
                    assert 404 == absent.status_code, absent.text
                same(foreign, absent, {theirs[word]: nowhere(own[word])})
                assert before == await everything(acme)
    # The same request of the owner's works: it was no mistake in the request that refused it.
    first = NAMING[operation][0]
    assert first.status == (await ask(acme.stranger, operation, first, theirs)).status_code


READING = [
    (route.method, route.path)
    for route in ROUTES
    if route.scope is Scope.READ and "{" not in route.path and (route.method, route.path) not in MOVING
]


@pytest.mark.parametrize("operation", READING, ids=" ".join)
async def test_what_names_nothing_tells_of_the_caller_s_own_alone(acme: Acme, operation: Operation):
    own = await cast_of(acme.client, operation, 0)
    before = [without_request_id(await ask(acme.client, operation, case, own)) for case in CASES[operation]]
    await globex(acme)
    theirs = await cast_of(acme.stranger, operation, 1)

    after = [without_request_id(await ask(acme.client, operation, case, own)) for case in CASES[operation]]

    assert before == after
    told = [without_request_id(await ask(acme.stranger, operation, case, theirs)) for case in CASES[operation]]
    assert before != told or not before[0][1].get("data"), "tells nothing"


async def test_a_cursor_of_another_workspace_shows_none_of_its_contacts(acme: Acme):
    for number in range(3):
        await acme.stranger.post("/contacts", json={"email": f"{number}@example.com"})
    page = (await acme.stranger.get("/contacts", params={"per_page": 1})).json()

    answer = await acme.get("/contacts", params={"starting_after": page["pages"]["next"]["starting_after"]})

    assert [] == answer.json()["data"]


async def cast_of(client: httpx2.AsyncClient, operation: Operation, number: int) -> Cast:
    return await cast_for(operation if operation in CASES else ("GET", "/me"), client, number)


async def casts(acme: Acme, operation: Operation) -> tuple[Cast, Cast]:
    """Globex' and Acme's, with no id in common."""
    await globex(acme)
    own, number = await cast_of(acme.client, operation, 0), 1
    theirs = await cast_of(acme.stranger, operation, number)
    while any(theirs[word] == own[word] for case in NAMING.get(operation, []) for word in words(case) - FREE):
        number += 1
        assert number < 9, "ids that can never differ"
        theirs = await cast_of(acme.stranger, operation, number)
    return theirs, own


async def globex(acme: Acme) -> None:
    """As many types and admins of Globex' that ids of theirs are none of Acme's."""
    for _ in range(2):
        known = len(await acme.region.admins.all(acme.globex.id))
        await acme.region.admins.create(acme.globex.id, f"{known}@globex.example", "Of Globex")
    wording = {"name": "Of Globex", "description": "x", "locale": "en"}
    for number in range(10):
        type_ = {"consent_type": "opt_out" if number == 6 else "opt_in", "state": "live", "content_types": ["email"]}
        await made(acme.stranger, "/sayso/subscription_types", {**type_, "default_translation": wording})


def nowhere(word: str) -> str:
    """What nobody has, of the same form."""
    if re.fullmatch(r"[0-9a-f]{24}", word):
        return NOBODY
    return NO_NUMBER if word.isdigit() else "nobody"


async def ask(client: httpx2.AsyncClient, operation: Operation, case: Case, cast: Cast) -> httpx2.Response:
    path, body = filled(case.path, cast), filled(case.body, cast)
    return await client.request(operation[0], path, json=body, headers=NEWEST)


def same(theirs: httpx2.Response, absent: httpx2.Response, named: dict[str, str]) -> None:
    """`named`: an answer may say again which id it was asked for."""
    told = repr(without_request_id(theirs))
    for word, nobody in named.items():
        told = told.replace(f" {word} ", f" {nobody} ")
    assert repr(without_request_id(absent)) == told
    for each in (theirs, absent):
        for name in ("x-request-id", "x-ratelimit-remaining", "content-length"):
            each.headers.pop(name, None)
    assert dict(absent.headers) == dict(theirs.headers)


async def everything(acme: Acme) -> object:
    """What the store holds, of both workspaces."""
    store = acme.region.store
    if isinstance(store, MemoryStore):
        return repr({name: vars(part) for name, part in vars(store).items() if hasattr(part, "__dict__")})
    return {table: sorted(map(repr, await store.engine.read(f"SELECT * FROM {table}"))) for table in TABLES}
