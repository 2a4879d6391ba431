"""What operators and their machines ask."""

from __future__ import annotations

import pytest
from tests.cast import TOKEN
from tests.conftest import Acme

from sayso import __version__
from sayso.domain.access import Scope
from sayso.domain.errors import Unavailable
from sayso.http.limits import Limits
from sayso.http.proxies import TrustedProxies
from sayso.http.windows import Windows


def operations(acme: Acme):
    return acme.app.prefixes["metrics"].__self__.operations


async def test_a_process_that_runs_says_so_without_a_token(acme: Acme):
    answer = await acme.client_with("nobody's").get("/healthz")

    assert (200, {"version": __version__, "status": "ok"}) == (answer.status_code, answer.json())


async def test_a_server_that_can_write_is_ready(acme: Acme):
    answer = await acme.get("/readyz")

    assert (200, {"status": "ok", "reasons": []}) == (answer.status_code, answer.json())


async def test_a_server_that_is_stopping_is_not_ready_and_says_why(acme: Acme):
    operations(acme).draining = True

    answer = await acme.get("/readyz")

    assert (503, {"status": "unavailable", "reasons": ["the server is stopping"]}) == (
        answer.status_code,
        answer.json(),
    )


async def test_a_server_whose_store_is_in_trouble_is_not_ready_and_says_where(acme: Acme):
    async def trouble():
        raise Unavailable("The disk is full; nothing was written")

    acme.region.store.check = trouble
    answer = await acme.get("/readyz")

    assert (503, ["us: The disk is full; nothing was written"]) == (answer.status_code, answer.json()["reasons"])


async def test_metrics_count_by_route_and_hold_no_id_no_token_and_no_address(acme: Acme):
    contact = await acme.contact(email="alice@example.com", external_id="alice-1")
    await acme.get(f"/contacts/{contact}/subscriptions")
    await acme.get(f"/contacts/{contact}?token={TOKEN}")
    await acme.get(f"/sayso/subscription_types/{contact}")
    await acme.get(f"/sayso/nothing/{contact}")

    told = (await acme.get("/metrics")).text

    assert 'route="/contacts/{contact_id}/subscriptions",status="200"} 1.0' in told
    assert 'route="/sayso/subscription_types/{id}",status="404"} 1.0' in told
    assert "sayso_request_seconds_bucket" in told
    for secret in (contact, TOKEN, "alice", acme.workspace.id):
        assert secret not in told


async def test_metrics_are_for_tokens_that_read(acme: Acme):
    _, admin = await acme.region.access.create(acme.workspace.id, "admin", [Scope.ADMIN], "us")
    clients = [acme.client_with(token, "203.0.113.7") for token in (TOKEN, admin, "nobody's")]

    assert [200, 403, 401] == [(await client.get("/metrics")).status_code for client in clients]

    operations(acme).metrics_public = True
    assert 200 == (await clients[2].get("/metrics")).status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", ""])
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", ""])
@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
async def test_metrics_need_a_token_from_this_machine_too_since_a_proxy_may_run_there(
    acme: Acme, peer: str, host: str, trusted: str
):
    acme.app.limits = Limits(proxies=TrustedProxies(trusted))
    client = acme.client_with("nobody's", peer, Host=host)

    assert 401 == (await client.get("/metrics")).status_code


async def test_tokens_are_counted_at_metrics_as_everywhere(acme: Acme):
    windows = Windows(12)
    for respond in (acme.app.intercom, acme.app.prefixes["metrics"]):
        respond.__self__.windows = windows
    stranger, scraper = (acme.client_with(token, "203.0.113.7") for token in ("nobody's", TOKEN))

    assert [401, 401, 429] == [(await stranger.get("/metrics")).status_code for _ in range(3)]
    assert 429 == (await stranger.get("/me")).status_code
    assert [200, 200, 429] == [(await scraper.get("/metrics")).status_code for _ in range(3)]

    # Where no token is needed, none is counted.
    operations(acme).metrics_public = True
    assert {200} == {(await stranger.get("/metrics")).status_code for _ in range(5)}


def test_a_real_server_answers_operators(server):
    with server.client as client:
        assert ["ok", "ok"] == [client.get(path).json()["status"] for path in ("/healthz", "/readyz")]
        assert "process_resident_memory_bytes" in client.get("/metrics").text
