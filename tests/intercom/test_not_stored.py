"""Lists of what Sayso does not store: empty, and they say so."""

from __future__ import annotations

import pytest
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import told

from sayso.domain.access import Scope
from sayso.intercom.routes import NOT_STORED, Route

HEADER = "Sayso-Not-Stored"

every_list = pytest.mark.parametrize("route", NOT_STORED, ids=lambda route: f"{route.method} {route.path}")


async def _ask(acme: Acme, route: Route, version: str = "Preview"):
    return await acme.client.request(route.method, route.path, headers={"Intercom-Version": version})


@every_list
async def test_a_list_of_what_is_not_stored_is_empty_and_names_it(acme: Acme, route: Route):
    answer = await _ask(acme, route)
    body = answer.json()

    assert 200 == answer.status_code
    assert answer.headers[HEADER]
    assert [[]] == [value for value in body.values() if isinstance(value, list)]
    assert 0 == body.get("total_count", 0)
    assert None is body.get("pages", {}).get("next")


@every_list
def test_reading_is_enough_for_it(route: Route):
    assert (Scope.READ, False) == (route.scope, route.writes)


async def test_a_list_of_what_is_stored_does_not_say_that_it_is_not(acme: Acme):
    assert HEADER not in (await acme.get("/tags")).headers


@pytest.mark.parametrize("path", ["/admins/activity_logs", "/admins/activity_log_event_types"])
async def test_lists_about_activity_logs_say_that_those_are_not_stored(acme: Acme, path: str):
    assert "activity_logs" == (await acme.get(path)).headers[HEADER]


async def test_an_empty_list_says_how_many_were_asked_for(acme: Acme):
    listed = await acme.get("/conversations?per_page=7")
    searched = await acme.post("/conversations/search", json={"query": {}, "pagination": {"per_page": 7}})

    assert {"type": "pages", "next": None, "page": 1, "per_page": 7, "total_pages": 0} == listed.json()["pages"]
    assert listed.json() == searched.json()


@pytest.mark.parametrize(("version", "keys"), [("2.11", ["type", "data", "ticket_types"]), ("2.12", ["type", "data"])])
async def test_types_of_tickets_have_the_key_of_the_schema_up_to_2_11(acme: Acme, version: str, keys: list[str]):
    answer = await acme.get("/ticket_types", headers={"Intercom-Version": version})

    assert keys == list(answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/conversations"),
        ("PUT", "/teams"),
        ("POST", "/articles"),
        ("POST", "/ticket_types"),
        ("POST", "/news/news_items"),
        ("DELETE", "/help_center/collections"),
        ("GET", "/conversations/search/1"),
    ],
)
async def test_what_would_write_to_it_or_read_one_of_it_is_not_served(acme: Acme, method: str, path: str):
    status, code, message, _ = told(await acme.client.request(method, path, json={}))

    assert (404, "not_found") == (status, code)
    assert "belongs to a part of Intercom's API that Sayso does not serve" in message
