"""Whole servers as processes: commands beside them, restarts, limits, and two on the same data."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
from tests.machine import DEADLINE
from tests.running import Running
from tests.workers import within

#: How long a change may take until every server heeds it.
HEEDED = 2.0


def sayso(server: Running, *words: str) -> Any:
    """A command beside a running server, on the same data."""
    done = subprocess.run(
        [sys.executable, "-m", "sayso", *words, "--json"],
        cwd=server.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def found(form: Any, pattern: str) -> str:
    return next(value for value in re.findall(r'"([^"]*)"', json.dumps(form)) if re.fullmatch(pattern, value))


def test_a_token_made_and_revoked_by_commands_works_at_once_and_stops_within_two_seconds(start):
    server = start("--demo")
    made = sayso(server, "token", "create", "--name", "ci")
    secret = found(made, r"sayso_us_\w+")
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {secret}"}, timeout=DEADLINE) as client:
        assert 200 == client.get("/me").status_code
        listed = sayso(server, "token", "list")
        tokens = listed if isinstance(listed, list) else next(v for v in listed.values() if isinstance(v, list))
        token_id = next(token["id"] for token in tokens if token["name"] == "ci")

        sayso(server, "token", "revoke", token_id)
        assert within(HEEDED, lambda: client.get("/me").status_code == 401)


def test_a_type_published_by_a_command_can_be_attached_at_once(start):
    server = start("--demo")
    sayso(server, "type", "create", "--consent-type", "opt_in", "--name", "Later")
    with server.client as client:
        contact = client.post("/contacts", json={"email": "alice@example.com"}).json()["id"]
        attach = {"url": f"/contacts/{contact}/subscriptions", "json": {"id": "5"}}
        assert 404 == client.post(**attach).status_code

        sayso(server, "type", "publish", "5")

        assert 200 == client.post(**attach).status_code


def test_a_second_server_on_the_same_data_is_refused_with_one_clear_line(start, tmp_path):
    server = start()

    second = subprocess.run(
        [sys.executable, "-m", "sayso", "serve", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )

    database = tmp_path / "sayso-data" / "sayso.db"
    assert 1 == second.returncode
    assert second.stderr.startswith(f"sayso: another server or migration is using {database}: ")
    assert 200 == httpx2.get(f"{server.url}/healthz", timeout=DEADLINE).status_code


def test_what_was_said_is_there_after_a_restart(start, tmp_path):
    first = start("--demo")
    with first.client as client:
        contact = client.post("/contacts", json={"email": "alice@example.com"}).json()
        client.post(f"/contacts/{contact['id']}/subscriptions", json={"id": "2"})
        listed = client.get(f"/contacts/{contact['id']}/subscriptions").content
        contact = client.get(f"/contacts/{contact['id']}").json()
    first.kill()

    with start("--demo", folder=tmp_path).client as client:
        assert listed == client.get(f"/contacts/{contact['id']}/subscriptions").content
        assert contact == client.get(f"/contacts/{contact['id']}").json()


def test_the_rate_limit_is_a_setting(start):
    server = start(SAYSO_RATE_LIMIT="60")
    with server.client as client:
        answers = [client.get("/me") for _ in range(30)]
        # Thirty are more than a window's ten, unless a slow machine spreads them over three windows.
        while answers[-1].status_code != 429 and len(answers) < 3_000:
            answers.append(client.get("/me"))

    assert {"10"} == {answer.headers["x-ratelimit-limit"] for answer in answers}
    assert {200, 429} == {answer.status_code for answer in answers}
    assert {"rate_limit_exceeded"} == {
        answer.json()["errors"][0]["code"] for answer in answers if answer.status_code == 429
    }


async def test_eight_requests_at_once_on_one_pool_are_each_answered_with_their_own(server):
    async with httpx2.AsyncClient(
        base_url=server.url,
        headers={"Authorization": f"Bearer {server.token}"},
        limits=httpx2.Limits(max_connections=8),
        timeout=DEADLINE,
    ) as client:

        async def person(number: int) -> None:
            role = {"role": "lead", "name": f"Person {number}"}
            made = (await client.post("/contacts", json=role)).json()
            assert role["name"] == made["name"]
            path = f"/contacts/{made['id']}"
            for type_id in ("1", "2", "3"):
                assert type_id == (await client.post(f"{path}/subscriptions", json={"id": type_id})).json()["id"]
            listed = (await client.get(f"{path}/subscriptions")).json()["data"]
            assert ["1", "2", "3"] == [item["id"] for item in listed]

        await asyncio.gather(*(person(number) for number in range(24)))


async def test_choices_made_at_once_for_one_contact_all_count_and_make_one_chain(server):
    async with httpx2.AsyncClient(
        base_url=server.url, headers={"Authorization": f"Bearer {server.token}"}, timeout=DEADLINE
    ) as client:
        path = f"/contacts/{(await client.post('/contacts', json={'role': 'lead'})).json()['id']}/subscriptions"

        answers = await asyncio.gather(*(client.post(path, json={"id": str(1 + n % 4)}) for n in range(32)))

        assert {200} == {answer.status_code for answer in answers}
        assert ["1", "2", "3", "4"] == sorted(item["id"] for item in (await client.get(path)).json()["data"])
    assert "Traceback" not in server.said


def test_a_server_logs_no_line_per_request_unless_told(start):
    server = start("--demo")
    with server.client as client:
        client.get("/me")
    server.stop()

    assert '"request"' not in server.said


def test_a_server_may_open_as_many_files_as_the_system_allows(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        server = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(rf"Max open files +{hard} +{hard} ", limits)
