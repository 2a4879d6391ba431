"""What Intercom has and Sayso does not serve is told so, and the list of it is what the descriptions say."""

from __future__ import annotations

import re

import pytest
from scripts import compatibility
from scripts import operations as list_of_operations
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.told import NO_SUCH_PATH, told

from sayso.intercom.routes import NOT_STORED, ROUTES, Route
from sayso.intercom.unserved import ELSEWHERE, FILE, UNSERVED, key, operations
from sayso.intercom.versions import Version


def in_version(version: Version) -> dict[str, dict[str, str]]:
    name = "Preview" if version is Version.PREVIEW else f"2.{version - 200}"
    return {"headers": {"Intercom-Version": name}}


@pytest.mark.parametrize("version", Version)
async def test_an_operation_that_is_known_and_not_served_says_so(acme: Acme, version: Version):
    for route in UNSERVED:
        answer = await acme.client.request(route.method, re.sub(r"\{\w+\}", "1", route.path), **in_version(version))

        expected = (404, "not_found", f"{route.method} {route.path} is not served by Sayso", None)
        too_new = (400, "intercom_version_invalid", "Requested resource is not available in current API version.", None)
        assert told(answer) == (too_new if version < route.since else expected)


async def test_what_nobody_knows_does_not_exist(acme: Acme):
    for path in ("/conversation", "/contacts/1/banners/2", "/admins/activity_logs/7/8"):
        assert told(await acme.get(path)) == NO_SUCH_PATH


async def test_a_path_of_another_part_of_intercom_s_api_says_that_sayso_does_not_serve_it(acme: Acme):
    for path in ("/conversations/1", "/tickets/1/", "/messages", "/help_center/collections/1"):
        for method in ("GET", "POST", "DELETE"):
            status, code, message, _ = told(await acme.client.request(method, path))
            assert (404, "not_found") == (status, code)
            assert (
                f"/{path.strip('/').split('/')[0]} belongs to a part of Intercom's API that Sayso does not" in message
            )


def test_no_part_that_is_said_not_to_be_served_is_served_but_for_empty_lists():
    served = [route.path for route in ROUTES if route not in NOT_STORED]
    first = {path.split("/")[1] for path in (*served, *(one.path for one in operations()))}

    assert set() == ELSEWHERE & first


def test_an_operation_is_served_or_not():
    served, not_served = (_keys(routes) for routes in (ROUTES, UNSERVED))

    assert not_served.isdisjoint(served)
    assert {operation.key for operation in operations()} <= served | not_served
    assert not_served
    assert all(route.since == since for route in ROUTES for since in _since(route))


def _keys(routes: tuple[Route, ...] | list[Route]) -> set[tuple[str, str]]:
    return {key(route.method, route.path) for route in routes}


def _since(route: Route) -> list[Version]:
    return [operation.since for operation in operations() if operation.key == key(route.method, route.path)]


def test_the_list_of_operations_is_that_of_the_facts():
    assert list_of_operations.page() == FILE.read_text("utf-8"), "operations.tsv is old: run `make facts`"


def test_the_page_of_compatibility_is_what_the_routes_say():
    assert compatibility.page() == compatibility.PAGE.read_text("utf-8"), "COMPATIBILITY.md is old: run `make docs`"


def test_what_is_not_served_has_a_reason():
    assert set(compatibility.WHY) == _keys(UNSERVED)
