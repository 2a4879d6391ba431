"""What happens to every request, in order: token, rate limit, version, route, scope, and then the handler."""

import re
from base64 import b64encode
from weakref import ref

import pytest
from tests.cast import GLOBEX_TOKEN, TOKEN
from tests.conftest import Acme
from tests.intercom.told import NO_SUCH_PATH, RESOURCE_NOT_FOUND, UNAUTHORIZED, USER_NOT_FOUND, refused, told

from sayso.domain.access import Scope
from sayso.http.request import Fields, Request
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.intercom.routes import ROUTES
from sayso.server import surfaces
from sayso.service.ids import RandomIds
from sayso.service.region import Region

NOBODY = "65a000000000000000000000"


def basic(user: str, password: str = "") -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def token(acme: Acme, *scopes: Scope) -> str:
    return (await acme.region.access.create(acme.workspace.id, "some", scopes, "us"))[1]


def limited(acme: Acme, per_minute: int) -> None:
    """Acme's surfaces with another rate limit."""
    acme.windows = Windows(per_minute)
    acme.app = surfaces(acme.regions, acme.windows, Tally(), acme.clock, RandomIds())
    acme.client = acme.client_with(TOKEN)
    acme.stranger = acme.client_with(GLOBEX_TOKEN)


# Tokens.


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nobody-s-token",
        f"Token {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        basic("nobody-s-token"),
        basic("", TOKEN),
        "Basic !!!",
        "Basic",
        f"Digest {TOKEN}",
    ],
)
async def test_a_missing_or_unknown_token_is_unauthorized(acme: Acme, header: str | None):
    client = acme.client_with(TOKEN)
    del client.headers["Authorization"]
    headers = {} if header is None else {"Authorization": header}

    for path in ("/me", "/contacts", "/nowhere"):
        assert UNAUTHORIZED == told(await client.get(path, headers=headers))


@pytest.mark.parametrize(
    "header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} ", basic(TOKEN), basic(TOKEN, "x")]
)
async def test_a_token_is_taken_as_bearer_or_as_basic_user_name(acme: Acme, header: str):
    assert 200 == (await acme.get("/me", headers={"Authorization": header})).status_code


async def test_a_token_that_is_not_ascii_is_unauthorized(acme: Acme):
    assert UNAUTHORIZED == told(await acme.get("/me", headers={"Authorization": b"Bearer \xff\x00\xe2\x80\xae"}))


async def test_a_revoked_token_stops_working_at_once_in_its_process(acme: Acme):
    made, secret = await acme.region.access.create(acme.workspace.id, "some", {Scope.READ}, "us")
    client = acme.client_with(secret)
    assert 200 == (await client.get("/me")).status_code

    await acme.region.access.revoke(acme.workspace.id, made.id)

    assert UNAUTHORIZED == told(await client.get("/me"))
    assert 200 == (await acme.get("/me")).status_code


async def test_a_token_revoked_by_another_process_stops_working_within_a_second(acme: Acme):
    made, secret = await acme.region.access.create(acme.workspace.id, "some", {Scope.READ}, "us")
    client = acme.client_with(secret)
    assert 200 == (await client.get("/me")).status_code

    other = Region.on("us", acme.region.store, acme.clock, RandomIds())
    await other.access.revoke(acme.workspace.id, made.id)
    acme.clock.pass_(1_000)

    assert UNAUTHORIZED == told(await client.get("/me"))


@pytest.mark.usefixtures("no_garbage_collector")
async def test_header_fields_that_are_kept_keep_no_old_snapshot_alive(acme: Acme):
    fields = [Fields({b"host": b"sayso.test", b"authorization": f"Bearer {TOKEN}".encode()}) for _ in range(5)]
    old = []
    for number, kept in enumerate(fields):
        answer = await acme.app.respond(Request("GET", b"/me", kept, b"", "127.0.0.1"))
        assert 200 == answer.status
        assert kept.recognised
        old.append(ref(acme.region.snapshots.held(acme.workspace.id)))
        await acme.region.tags.named(acme.workspace.id, f"tag {number}")

    assert [None] * 5 == [each() for each in old]


async def test_a_token_made_by_another_process_works_at_once(acme: Acme):
    assert UNAUTHORIZED == told(await acme.client_with("made-later-token").get("/me"))

    await acme.region.access.create(acme.workspace.id, "some", {Scope.READ}, "us", "made-later-token")

    assert 200 == (await acme.client_with("made-later-token").get("/me")).status_code


# Scopes.


async def test_every_route_needs_its_scope(acme: Acme):
    for route in ROUTES:
        others = [scope for scope in Scope if scope is not route.scope]
        path = re.sub(r"\{\w+\}", NOBODY, route.path)
        client = acme.client_with(await token(acme, *others), **{"Intercom-Version": "Preview"})

        answer = await client.request(route.method, path, json={})

        text = f"You do not have the required scope ({route.scope.value}) to access this resource"
        assert (403, "forbidden", text, None) == told(answer), route.path


async def test_reading_is_enough_to_read_and_does_not_let_write(acme: Acme):
    reader = acme.client_with(await token(acme, Scope.READ))

    assert 200 == (await reader.get("/contacts")).status_code
    assert (403, "forbidden", None) == refused(await reader.post("/contacts", json={"email": "a@example.com"}))
    assert 0 == (await acme.get("/contacts")).json()["total_count"]


# Routes, methods, versions.


UNKNOWN = (
    "/",
    "/nowhere",
    "/contacts/1/2/3/4",
    "/contact",
    "/me/too",
    "/%00",
    "/%FF",
    "/contacts/%FF",
    "/%ED%A0%80",
    "/ME",
)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_does_not_exist(acme: Acme, method: str):
    for path in UNKNOWN:
        assert NO_SUCH_PATH == told(await acme.client.request(method, path)), path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/contacts/1"),
        ("PUT", "/contacts"),
        ("DELETE", "/contacts"),
        ("POST", "/me"),
        ("OPTIONS", "/subscription_types"),
        ("GET", "/contacts/1/subscriptions/1"),
        ("PUT", "/contacts/1/subscriptions"),
        ("POST", "/contacts/find_by_external_id/x"),
        ("GET", "/companies/list"),
        ("PUT", "/tags/1"),
    ],
)
async def test_a_path_does_not_exist_with_another_method(acme: Acme, method: str, path: str):
    assert NO_SUCH_PATH == told(await acme.client.request(method, path))


@pytest.mark.parametrize("path", ["//contacts", "/contacts/", "///contacts//", "//contacts/?per_page=1"])
async def test_slashes_too_many_do_not_matter(acme: Acme, path: str):
    answer = await acme.client.get(acme.client.base_url.copy_with(raw_path=path.encode()))

    assert 200 == answer.status_code


async def test_every_version_that_there_was_is_served_and_told(acme: Acme):
    for version in ("1.0", "1.4", *(f"2.{minor}" for minor in range(17)), "Preview", "Unstable"):
        answer = await acme.get("/me", headers={"Intercom-Version": version})
        assert (200, version) == (answer.status_code, answer.headers["intercom-version"])


async def test_a_version_that_never_was_is_refused(acme: Acme):
    text = "The requested version could not be found"
    for version in ("2.17", "3.0", "1.5", "0", "", "preview", "2.11 beta", "latest", "2,11", "x" * 999):
        answer = await acme.get("/me", headers={"Intercom-Version": version})
        assert (400, "intercom_version_invalid", text, None) == told(answer)
        assert "2.11" == answer.headers["intercom-version"]


async def test_no_version_means_the_workspace_s_which_can_be_set(acme: Acme):
    alice = await acme.contact(external_id="alice", email="alice@example.com")
    assert "enabled_push_messaging" not in (await acme.get(f"/contacts/{alice}")).json()

    for version in ("2.16", "Preview", "2.7", "2.11"):
        await acme.region.workspaces.set_api_version(acme.workspace.id, version)
        acme.clock.pass_(1_001)
        answer = await acme.get(f"/contacts/{alice}")
        assert (200, version) == (answer.status_code, answer.headers["intercom-version"])
        assert (version in ("2.16", "Preview")) == ("enabled_push_messaging" in answer.json())


async def test_every_response_names_its_version(acme: Acme):
    await acme.region.workspaces.set_api_version(acme.workspace.id, "2.14")
    acme.clock.pass_(1_001)
    known = [
        await acme.get("/me"),
        await acme.get("/nowhere"),
        await acme.client.patch("/me"),
        await acme.post("/contacts", {}),
        await acme.client_with(await token(acme, Scope.READ)).post("/contacts"),
    ]
    strangers = await acme.client_with("nobody-s-token").get("/me")

    assert {"2.14"} == {answer.headers["intercom-version"] for answer in known}
    assert (401, "2.11") == (strangers.status_code, strangers.headers["intercom-version"])


async def test_routes_newer_than_the_default_version_are_served_to_clients_that_name_none(acme: Acme):
    alice = await acme.contact(external_id="alice", role="user")
    assert "2.11" == acme.workspace.api_version
    requests = [
        ("GET", "/contacts/find_by_external_id/alice"),
        ("GET", f"/contacts/{alice}/merge_history"),
        ("POST", f"/contacts/{alice}/block"),
    ]

    for method, path in requests:
        named = await acme.client.request(method, path, headers={"Intercom-Version": "2.11"})
        assert (400, "intercom_version_invalid", None) == refused(named)
        answer = await acme.client.request(method, path)
        assert (200, "2.11") == (answer.status_code, answer.headers["intercom-version"])


# The order of checks: each request is wrong in two neighbouring ways, and hears of the first.


async def test_the_token_is_checked_before_the_rate_limit(acme: Acme):
    limited(acme, 6)
    stranger = acme.client_with("nobody-s-token")
    assert 200 == (await acme.get("/me")).status_code

    assert UNAUTHORIZED == told(await stranger.get("/me"))


async def test_the_rate_limit_is_checked_before_the_version(acme: Acme):
    limited(acme, 6)
    await acme.get("/me")

    answer = await acme.get("/me", headers={"Intercom-Version": "9.9"})

    assert (429, "rate_limit_exceeded", None) == refused(answer)


async def test_the_version_is_checked_before_the_route(acme: Acme):
    answer = await acme.get("/nowhere", headers={"Intercom-Version": "9.9"})

    assert (400, "intercom_version_invalid", None) == refused(answer)


async def test_the_route_is_checked_before_the_scope(acme: Acme):
    reader = acme.client_with(await token(acme, Scope.READ))

    assert NO_SUCH_PATH == told(await reader.post("/nowhere"))
    assert 404 == (await reader.put("/contacts/1/subscriptions")).status_code


async def test_the_scope_is_checked_before_the_form_of_the_body(acme: Acme):
    reader = acme.client_with(await token(acme, Scope.READ))

    answer = await reader.post(f"/contacts/{NOBODY}/subscriptions", content=b"{")

    assert (403, "forbidden", None) == refused(answer)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "bad_request", None),
        (b"[]", "bad_request", None),
        (b"{}", "parameter_not_found", "id"),
        (b'{"id":null}', "parameter_invalid", "id"),
        (b'{"id":"1","consent_type":1}', "parameter_invalid", "consent_type"),
    ],
)
async def test_the_form_of_the_body_is_checked_before_the_contact(acme: Acme, body: bytes, code: str, field: str):
    answer = await acme.client.post(f"/contacts/{NOBODY}/subscriptions", content=body)

    assert (400, code, field) == refused(answer)


async def test_the_contact_is_checked_before_the_type(acme: Acme):
    path = f"/contacts/{NOBODY}/subscriptions"

    assert USER_NOT_FOUND == told(await acme.post(path, {"id": "999"}))
    assert USER_NOT_FOUND == told(await acme.delete(f"{path}/999"))
    assert USER_NOT_FOUND == told(await acme.post(path, {"id": acme.types["draft"]}))


async def test_the_type_and_its_state_are_checked_before_the_consent_type(acme: Acme):
    contact = await acme.contact()
    path = f"/contacts/{contact}/subscriptions"

    for type_id in ("999", acme.types["draft"], acme.types["archived"]):
        assert RESOURCE_NOT_FOUND == told(await acme.post(path, {"id": type_id, "consent_type": "neither"}))


async def test_a_consent_type_of_no_kind_is_told_after_the_contact(acme: Acme):
    answer = await acme.post(f"/contacts/{NOBODY}/subscriptions", {"id": acme.types["opt_in"], "consent_type": "x"})

    assert USER_NOT_FOUND == told(answer)


# Rate limits.


def rate(answer) -> tuple[int, int, int]:
    return tuple(int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))


@pytest.mark.parametrize(("per_minute", "limit"), [(10_000, 1667), (6, 1), (7, 2), (1, 1), (1000, 167)])
async def test_the_limit_shown_is_a_sixth_of_the_minute_s_rounded_up(acme: Acme, per_minute: int, limit: int):
    limited(acme, per_minute)

    assert (limit, limit - 1, acme.clock() // 10_000 * 10 + 10) == rate(await acme.get("/me"))


async def test_every_answer_bears_the_rate_limit_and_a_request_id(acme: Acme):
    answers = [
        await acme.get("/me"),
        await acme.get("/nowhere"),
        await acme.client.patch("/me"),
        await acme.get("/me", headers={"Intercom-Version": "9"}),
        await acme.get("/me", headers={"Authorization": "Bearer nobody"}),
        await acme.post("/contacts", {}),
        await acme.client.post("/contacts", content=b"x" * (1024 * 1024 + 1)),
        await acme.client_with(await token(acme, Scope.READ)).post("/contacts"),
    ]

    assert [200, 404, 404, 400, 401, 400, 413, 403] == [answer.status_code for answer in answers]
    assert all(rate(answer) for answer in answers)
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert {20} == set(map(len, ids))
    assert len(ids) == len(set(ids))


async def test_the_window_s_last_request_is_served_and_the_next_refused_until_the_window_ends(acme: Acme):
    limited(acme, 18)
    acme.clock.now = acme.clock() // 10_000 * 10_000

    assert [2, 1, 0] == [rate(await acme.get("/me"))[1] for _ in range(3)]
    for path in ("/me", "/nowhere"):
        answer = await acme.get(path)
        assert (429, "rate_limit_exceeded", "The rate limit for the App has been exceeded", None) == told(answer)
        assert (3, 0, acme.clock() // 1000 + 10) == rate(answer)

    acme.clock.pass_(9_999)
    assert 429 == (await acme.get("/me")).status_code
    acme.clock.pass_(1)
    answer = await acme.get("/me")
    assert (200, 2) == (answer.status_code, rate(answer)[1])


async def test_one_token_s_requests_do_not_count_for_another(acme: Acme):
    limited(acme, 6)
    other = acme.client_with(await token(acme, Scope.READ))
    await acme.get("/me")

    assert 429 == (await acme.get("/me")).status_code
    assert 200 == (await other.get("/me")).status_code
    assert 200 == (await acme.stranger.get("/me")).status_code


async def test_a_refused_write_writes_nothing(acme: Acme):
    limited(acme, 6)
    await acme.get("/me")

    assert 429 == (await acme.post("/contacts", {"email": "a@example.com"})).status_code
    acme.clock.pass_(10_000)
    assert 0 == (await acme.get("/contacts")).json()["total_count"]


async def test_failed_authentication_counts_per_client_address(acme: Acme):
    limited(acme, 12)
    stranger = acme.client_with("nobody-s-token")

    assert [401, 401, 429] == [(await stranger.get("/me")).status_code for _ in range(3)]
    assert 200 == (await acme.get("/me")).status_code
    acme.clock.pass_(10_000)
    assert 401 == (await stranger.get("/me")).status_code


async def test_a_limit_of_0_switches_it_off_and_the_headers_stay(acme: Acme):
    limited(acme, 0)

    for _ in range(3):
        limit, remaining, _ = rate(await acme.get("/me"))
        assert limit == remaining > 0


# Clients that are gone.


@pytest.mark.parametrize(
    ("method", "path", "cancellable"),
    [
        ("POST", "/contacts/search", True),
        ("GET", "/contacts", True),
        ("GET", "/sayso/subscription_types", True),
        # It keeps its place.
        ("GET", "/companies/scroll", False),
        ("POST", "/contacts", False),
        ("POST", "/contacts/merge", False),
        ("DELETE", f"/contacts/{NOBODY}", False),
        ("PUT", "/sayso/subscription_types/1", False),
        ("GET", "/healthz", False),
    ],
)
async def test_only_a_request_that_writes_nothing_may_be_cancelled(acme: Acme, method, path, cancellable):
    request = Request(method, path.encode(), Fields({b"authorization": b"Bearer " + TOKEN.encode()}), b"{}", "")
    await acme.app.respond(request)

    assert cancellable is request.cancellable
