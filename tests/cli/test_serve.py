"""`sayso serve`: what it says when it starts, and what keeps it from starting."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import httpx2
import pytest
import trustme
from tests.cast import TOKEN
from tests.machine import DEADLINE, needs
from tests.running import Running

Start = Callable[..., Running]

_TOKEN = re.compile(r"^Token(?: \(region (\w+)\))?: (\S+)$", re.MULTILINE)

curl = needs("curl")


def _whole(running: Running) -> str:
    """Everything it said, after it has been stopped."""
    assert 0 == running.stop()
    return running.said


def _tokens(said: str) -> list[str]:
    return [token for _, token in _TOKEN.findall(said)]


def _pasted(said: str) -> subprocess.CompletedProcess[str]:
    [line] = [line for line in said.splitlines() if line.startswith("  curl ")]
    return subprocess.run(["sh", "-c", f"{line} --silent --fail"], capture_output=True, text=True, check=False)


def _greeted(running: Running) -> str:
    """What it said once the last line of the greeting is there."""
    return running.heard("  curl ")


def _status(url: str, token: str, **headers: str) -> int:
    with httpx2.Client(headers={"Authorization": f"Bearer {token}", **headers}, timeout=DEADLINE) as client:
        return client.get(f"{url}/me").status_code


@curl
def test_each_start_of_a_demo_shows_a_curl_line_that_works_and_a_token_that_replaces_the_last(start: Start):
    tokens: list[str] = []
    for _ in range(5):
        running = start("--demo", SAYSO_BOOTSTRAP_TOKEN="")
        said = _greeted(running)
        pasted = _pasted(said)
        assert 0 == pasted.returncode, pasted.stderr
        assert '"Newsletter"' in pasted.stdout
        assert [401] * len(tokens) == [_status(running.url, token) for token in tokens]
        tokens += _tokens(said)
        assert said == _whole(running)[: len(said)]
    assert 5 == len(set(tokens))


@curl
def test_a_demo_whose_contacts_were_deleted_still_shows_a_line_that_works(start: Start):
    running = start("--demo")
    with running.client as client:
        for contact in client.get("/contacts").json()["data"]:
            assert 200 == client.delete(f"/contacts/{contact['id']}").status_code
    running.stop()

    assert 0 == _pasted(_greeted(start("--demo"))).returncode


@curl
def test_without_a_demo_a_token_is_shown_once(start: Start):
    first = start(SAYSO_BOOTSTRAP_TOKEN="")
    said = _greeted(first)
    [token] = _tokens(said)

    assert 0 == _pasted(said).returncode
    assert "Keep it: it is not shown again." in said
    first.stop()
    second = start(SAYSO_BOOTSTRAP_TOKEN="")
    assert 200 == _status(second.url, token)
    assert [] == _tokens(_whole(second))
    assert "Tokens: see `sayso token list`; make another with `sayso token create --name NAME`" in _whole(second)


def test_the_bootstrap_token_works_and_is_never_shown(start: Start):
    for flags in (("--demo",), ()):
        running = start(*flags)
        assert 200 == _status(running.url, TOKEN)
        assert TOKEN not in _whole(running)


def test_a_bootstrap_token_that_was_revoked_stays_revoked(start: Start, tmp_path: Path):
    running = start()
    listed = _sayso(tmp_path, "token", "list").stdout
    [token_id] = [line.split()[0] for line in listed.splitlines() if "bootstrap" in line]
    running.stop()
    assert 0 == _sayso(tmp_path, "token", "revoke", token_id).returncode

    again = start()

    assert 401 == _status(again.url, TOKEN)
    assert "No token works: make one with `sayso token create --name NAME`" in _whole(again)


def _sayso(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAYSO_")}
    return subprocess.run(
        [sys.executable, "-m", "sayso", *words],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )


_REGIONS = '[regions.us]\nhosts = ["us.localhost"]\n[regions.eu]\nhosts = ["eu.localhost"]\n'


def test_every_region_begins_with_a_workspace_and_the_bootstrap_token(start: Start, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text(_REGIONS)
    running = start()

    ids = []
    for host in ("us.localhost", "eu.localhost"):
        answer = httpx2.get(
            f"{running.url}/me", headers={"Authorization": f"Bearer {TOKEN}", "Host": host}, timeout=DEADLINE
        )
        assert 200 == answer.status_code
        ids.append(answer.json()["app"]["id_code"])
    assert 2 == len(set(ids))
    assert TOKEN not in _whole(running)


def test_every_region_s_first_token_is_shown(start: Start, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text(_REGIONS)
    running = start(SAYSO_BOOTSTRAP_TOKEN="")
    us, eu = _TOKEN.findall(_whole(running))

    assert ("us", "eu") == (us[0], eu[0])
    assert us[1].startswith("sayso_us_")
    assert eu[1].startswith("sayso_eu_")


@curl
def test_the_curl_line_works_with_tls(start: Start, tmp_path: Path):
    certificate = trustme.CA().issue_cert("api.example.com")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    running = start("--tls-cert", "cert.pem", "--tls-key", "key.pem", SAYSO_BOOTSTRAP_TOKEN="")

    assert running.url.startswith("https://")
    assert 0 == _pasted(_greeted(running)).returncode


@curl
@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "localhost"])
def test_the_curl_line_works_wherever_it_listens(start: Start, host: str):
    running = start("--host", host, SAYSO_BOOTSTRAP_TOKEN="")

    assert 0 == _pasted(_greeted(running)).returncode


def test_the_greeting_comes_in_json_where_asked(start: Start):
    running = start("--json", SAYSO_BOOTSTRAP_TOKEN="")

    assert re.fullmatch(r'\{"address": "http://127.0.0.1:\d+", "tokens": \{"us": "sayso_us_\w+"\}\}\n', running.said)


def test_a_stop_right_after_the_greeting_ends_with_0(start: Start):
    for _ in range(3):
        running = start()
        running.process.send_signal(signal.SIGTERM)
        assert 0 == running.process.wait(DEADLINE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "eighty"], "port (--port): must be a whole number"),
        (["--tls-cert", "nowhere"], "tls_cert and tls_key: set both or neither"),
        (["--config", "nowhere"], "nowhere: No such file or directory"),
        (["--region", "mars"], "region (--region): must be one of us, eu, au"),
        (
            ["--workers", "2"],
            "workers (--workers): more than one needs PostgreSQL, and the database of us is a file: set database_url",
        ),
        (
            ["--database-url", "postgresql://sayso:hunter2@db"],
            "database_url (--database-url): must name a database, as in postgresql://user:password@host/database",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path, words: list[str], told: str):
    ended = _sayso(tmp_path, "serve", *words)

    assert (2, "", f"sayso: {told}\n") == (ended.returncode, ended.stdout, ended.stderr)
    assert [] == list(tmp_path.iterdir())


def test_a_port_in_use_is_told(start: Start, tmp_path: Path):
    port = start().url.rpartition(":")[2]
    ended = _sayso(tmp_path, "serve", "--demo", "--port", port, "--data-dir", "other")

    told = f"sayso: cannot listen on 127.0.0.1 port {port}: Address already in use; choose another with --port or SAYSO_PORT\n"
    assert (1, "", told) == (ended.returncode, ended.stdout, ended.stderr)


def test_a_second_server_on_the_same_data_is_refused(start: Start, tmp_path: Path):
    start()
    ended = _sayso(tmp_path, "serve", "--port", "0")

    database = tmp_path / "sayso-data" / "sayso.db"
    told = (
        f"sayso: another server or migration is using {database}: stop it, or choose another folder with --data-dir\n"
    )
    assert (1, "", told) == (ended.returncode, ended.stdout, ended.stderr)


def test_a_database_of_a_later_version_is_refused(start: Start, tmp_path: Path):
    start().stop()
    connection = apsw.Connection(str(tmp_path / "sayso-data" / "sayso.db"))
    connection.execute("INSERT INTO migrations VALUES ('9999_later', '', 0)")
    connection.close()
    ended = _sayso(tmp_path, "serve", "--port", "0")

    assert (1, "", 1) == (ended.returncode, ended.stdout, ended.stderr.count("\n"))
    assert "9999_later" in ended.stderr
