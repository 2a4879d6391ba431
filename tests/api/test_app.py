"""Sayso's own surface as a whole: order of checks, rate limits, and paths that are not there."""

from __future__ import annotations

import base64

import pytest
from tests.cast import TOKEN
from tests.conftest import Acme

from sayso.http.windows import Windows

PATH = "/sayso/subscription_types"


@pytest.mark.parametrize(
    "path",
    ["/sayso", "/sayso/", "/sayso/nothing", "/sayso/%FF", "/healthz/x", "/docs/x", "/metrics/x/y", "/openapi.json/x"],
)
async def test_a_path_that_is_not_there_is_a_404_problem_with_and_without_a_token(acme: Acme, path: str):
    for client in (acme.client, acme.client_with("nobody's")):
        answer = await client.get(path)

        assert (404, "application/problem+json") == (answer.status_code, answer.headers["Content-Type"])
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (PATH, "GET, HEAD, POST"),
        (f"{PATH}/1", "GET, HEAD, PUT"),
        ("/healthz", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
async def test_a_method_that_is_not_there_is_a_405_that_names_those_that_are(
    acme: Acme, method: str, path: str, allow: str
):
    answer = await acme.client.request(method, path)

    assert (405, allow, "method_not_allowed") == (answer.status_code, answer.headers["Allow"], answer.json()["code"])


@pytest.mark.parametrize("path", [PATH, "/healthz", "/openapi.json", "/docs"])
async def test_head_is_answered_where_get_is_without_a_body(acme: Acme, path: str):
    get, head = await acme.get(path), await acme.client.head(path)

    assert (200, b"", get.headers["Content-Length"]) == (head.status_code, head.content, head.headers["Content-Length"])


async def test_basic_with_the_token_as_user_name_is_as_good_as_bearer(acme: Acme):
    basic = base64.b64encode(f"{TOKEN}:".encode()).decode()

    assert 200 == (await acme.get(PATH, headers={"Authorization": f"Basic {basic}"})).status_code


async def test_every_answer_bears_a_request_id_and_what_is_left_of_the_limit(acme: Acme):
    first, second = await acme.get(PATH), await acme.get(f"{PATH}/77")

    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert acme.windows.limit == int(first.headers["X-RateLimit-Limit"])
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second)]
    assert [left[0], left[0] - 1] == left
    assert 0 < int(first.headers["X-RateLimit-Reset"]) - acme.clock() // 1000 <= 10


async def test_both_surfaces_share_a_tokens_limit(acme: Acme):
    windows = Windows(12)
    for respond in (acme.app.intercom, acme.app.prefixes["sayso"]):
        respond.__self__.windows = windows

    answers = [await acme.get(path) for path in ("/me", PATH, "/me", PATH)]

    assert [200, 200, 429, 429] == [answer.status_code for answer in answers]
    assert "rate_limited" == answers[3].json()["code"]


async def test_failed_authentication_is_limited_by_address(acme: Acme):
    acme.app.prefixes["sayso"].__self__.windows = Windows(6)
    client = acme.client_with("nobody's")

    assert [401, 429] == [(await client.get(PATH)).status_code for _ in range(2)]
    assert 200 == (await acme.get(PATH)).status_code


async def test_both_surfaces_count_addresses_of_one_ipv6_network_as_one(acme: Acme):
    """What never became a request counts too."""
    windows = Windows(18)
    for respond in (acme.app.intercom, acme.app.prefixes["sayso"]):
        respond.__self__.windows = windows
    one, other, stranger = (
        acme.client_with("nobody's", address) for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    )

    assert [401, 401] == [(await one.get(PATH)).status_code, (await other.get("/me")).status_code]
    assert b"x-ratelimit-remaining: 0" in acme.app.refuse(400, "2001:db8::3", "").lines
    assert [429, 429] == [(await one.get("/me")).status_code, (await other.get(PATH)).status_code]
    assert 401 == (await stranger.get(PATH)).status_code


async def test_what_operators_ask_is_never_limited(acme: Acme):
    acme.app.prefixes["sayso"].__self__.windows = Windows(6)

    assert {200} == {(await acme.get("/healthz")).status_code for _ in range(5)}
