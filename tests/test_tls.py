"""TLS by two settings."""

import select
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import httpx2
import pytest
import trustme
from tests.cast import TOKEN
from tests.http.wire import Wire
from tests.machine import DEADLINE

from sayso.http.limits import POLITE


@pytest.fixture
def certificate(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return authority


def context(authority):
    made = httpx2.create_ssl_context()
    authority.configure_trust(made)
    return made


def test_a_client_that_trusts_the_certificate_is_served(start, certificate, tmp_path):
    server = start("--demo", SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem")

    assert server.url.startswith("https://")
    trusting = context(certificate)
    with httpx2.Client(
        base_url=server.url, verify=trusting, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=DEADLINE
    ) as client:
        contact = client.post("/contacts", json={"email": "alice@example.com"}).json()["id"]
        type_id = client.get("/subscription_types").json()["data"][0]["id"]
        assert 200 == client.post(f"/contacts/{contact}/subscriptions", json={"id": type_id}).status_code
        for company in ("acme", "globex"):
            client.post("/companies", json={"company_id": company})
        following = client.get("/companies?per_page=1").json()["pages"]["next"]
        assert following.startswith(f"{server.url}/companies?"), following
        assert 200 == client.get(following).status_code
        assert 413 == client.post("/contacts", content=b"x" * 3_000_000).status_code
        assert type_id == client.get(f"/contacts/{contact}/subscriptions").json()["data"][0]["id"]
    assert 0 == server.stop()


def test_an_idle_client_that_does_not_listen_does_not_hold_up_the_end(start, certificate):
    drain = str(int(10 * DEADLINE))
    server = start("--demo", SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem", SAYSO_DRAIN_SECONDS=drain)
    port = int(server.url.rpartition(":")[2])

    with Wire(("127.0.0.1", port), context(certificate)) as wire:
        assert 401 == wire.send(b"GET /me HTTP/1.1\r\nHost: localhost\r\n\r\n").answer().status
        server.process.send_signal(signal.SIGTERM)
        # Without a limit of ours, a goodbye in TLS would be waited for for 30 seconds.
        assert 0 == server.process.wait(25)


def test_handshakes_that_do_not_end_are_limited_for_each_address(start, certificate):
    server = start("--max-connections-per-address", "2", SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem")
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))

    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address, DEADLINE)) for _ in range(2 + POLITE + 1)]
        # The last one is above the limit: it is closed before any handshake, while the others stay.
        assert [silent[-1]] == select.select(silent, [], [], DEADLINE)[0]

        transport = httpx2.HTTPTransport(verify=context(certificate), local_address="127.0.0.2")
        with httpx2.Client(transport=transport, timeout=DEADLINE) as client:
            assert 200 == client.get(f"{server.url}/healthz").status_code


def test_what_is_refused_is_told_over_tls_too(start, certificate):
    server = start(SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem")
    port = int(server.url.rpartition(":")[2])

    with Wire(("127.0.0.1", port), context(certificate)) as wire:
        assert 400 == wire.send(b"nonsense\r\n\r\n").answer().status
        assert wire.answer() is None


def test_a_client_that_does_not_trust_the_certificate_is_not_served(start, certificate):
    server = start(SAYSO_TLS_CERT="cert.pem", SAYSO_TLS_KEY="key.pem")

    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.url}/healthz", timeout=DEADLINE)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"SAYSO_TLS_CERT": "cert.pem"}, "tls_key"),
        ({"SAYSO_TLS_KEY": "key.pem"}, "tls_cert"),
        ({"SAYSO_TLS_CERT": "cert.pem", "SAYSO_TLS_KEY": "nowhere.pem"}, "nowhere.pem"),
        ({"SAYSO_TLS_CERT": "nowhere.pem", "SAYSO_TLS_KEY": "key.pem"}, "nowhere.pem"),
        ({"SAYSO_TLS_CERT": "cert.pem", "SAYSO_TLS_KEY": "cert.pem"}, "tls_"),
        ({"SAYSO_TLS_CERT": "key.pem", "SAYSO_TLS_KEY": "key.pem"}, "tls_"),
    ],
)
def test_a_certificate_without_its_key_is_a_wrong_setting(certificate, tmp_path, settings, told):
    ended = subprocess.run(
        [sys.executable, "-m", "sayso", "serve", "--port", "0"],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert 2 == ended.returncode, ended.stderr
    assert told in ended.stderr
    assert 1 == len(ended.stderr.strip().splitlines())
    assert "PRIVATE" not in ended.stderr
