"""Secrets: no token, no address and nothing people said about themselves leaves by a side door."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from tests.conftest import Acme
from tests.http.wire import request, to
from tests.machine import DEADLINE
from tests.running import Running

SOURCES = Path(__file__).parents[1] / "src" / "sayso"

#: What is sent in every place that takes anything; none of it may come out where it was not asked for.
CANARY = "canary7f3a"
ADDRESS = f"{CANARY}@example.com"
TOKEN = f"{CANARY}-bootstrap-token-of-the-test"
MADE = ["sayso_us_", "sayso_eu_", "sayso_au_"]


def story(server: Running) -> list[httpx2.Response]:
    """Canaries through every path, in good requests and bad ones; the answers that are errors."""
    answers = []
    with httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=DEADLINE) as client:
        attribute = {"name": CANARY, "model": "contact", "data_type": "string"}
        assert 200 == client.post("/data_attributes", json=attribute).status_code
        profile = {
            "email": ADDRESS,
            "external_id": CANARY,
            "name": CANARY,
            "phone": f"+1555{CANARY}",
            "avatar": f"https://example.com/{CANARY}",
            "custom_attributes": {CANARY: CANARY},
        }
        contact = client.post("/contacts", json=profile).json()["id"]
        newest = {"Intercom-Version": "2.16"}
        assert 200 == client.get(f"/contacts/find_by_external_id/{CANARY}", headers=newest).status_code
        assert 200 == client.get(f"/contacts/{contact}").status_code
        answers += [
            client.post("/contacts", json=profile),
            client.post("/contacts", json={"email": CANARY}),
            client.post("/contacts", json={"email": f"other{ADDRESS}", "role": ADDRESS}),
            client.post("/contacts", json={"email": ADDRESS + "\0"}),
            client.post("/contacts", json={"email": ADDRESS * 100}),
            client.post("/contacts", json={ADDRESS: 1}),
            client.post("/contacts", json={"owner_id": CANARY, "email": f"a{ADDRESS}"}),
            client.post("/contacts", json={"custom_attributes": {"paid": [CANARY]}, "email": f"a{ADDRESS}"}),
            client.post("/contacts", json={"custom_attributes": {ADDRESS: [CANARY]}, "email": f"a{ADDRESS}"}),
            client.post("/contacts", content=f'{{"email":"{ADDRESS}"'),
            client.post("/contacts", content=f'"{ADDRESS}"'),
            client.post("/contacts", content=ADDRESS.encode() * 100_000),
            client.get(f"/{ADDRESS}"),
            client.get(f"/contacts/{ADDRESS}"),
            client.put(f"/contacts/{CANARY}", json={"name": CANARY}),
            client.delete(f"/contacts/{CANARY}/subscriptions/{CANARY}"),
            client.post(f"/contacts/{contact}/subscriptions", json={"id": CANARY}),
            client.post(f"/contacts/{contact}/subscriptions", json={"id": "1", "consent_type": CANARY}),
            client.get("/contacts", params={"starting_after": CANARY}),
            client.get("/contacts", params={"per_page": CANARY}),
            client.get(f"/contacts/find_by_external_id/{CANARY}x", headers=newest),
            client.patch(f"/contacts/{CANARY}"),
            client.get(f"/subscription_types/{CANARY}"),
            client.get(f"/sayso/{CANARY}"),
            client.get(f"/sayso/subscription_types/{CANARY}"),
            client.post("/sayso/subscription_types", json={"consent_type": CANARY}),
            client.get("/me", headers={"Authorization": f"Bearer {CANARY}-unknown"}),
            client.get("/me", headers={"Authorization": "Basic " + b64encode(f"{CANARY}:x".encode()).decode()}),
            client.get(f"/me?token={CANARY}", headers={"Authorization": CANARY, "Cookie": CANARY}),
        ]
    return answers


@pytest.fixture
def server(start) -> Running:
    return start("--demo", SAYSO_BOOTSTRAP_TOKEN=TOKEN, SAYSO_LOG_REQUESTS="true", SAYSO_LOG_FORMAT="json")


def test_no_canary_comes_out_of_errors_metrics_or_logs(server):
    errors = story(server)
    with to(server) as wire:
        wire.send(f"GET /{CANARY} HTTP/1.1\r\nX: {CANARY}\r\n {CANARY}\r\n\r\n".encode()).answer()
    with to(server) as wire:
        wire.send(request(server, "GET /me", *(f"X-{CANARY}-{n}: {CANARY}" for n in range(300)))).answer()
    wire = to(server)
    wire.send(f"POST /contacts/{CANARY} HTTP/1.1\r\nContent-Length: 99\r\n\r\n{ADDRESS}".encode())
    wire.reset()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    measured = httpx2.get(f"{server.url}/metrics", headers=bearer, timeout=DEADLINE).text
    open_answers = [
        httpx2.get(f"{server.url}/{name}", timeout=DEADLINE).text
        for name in ("healthz", "readyz", "openapi.json", "docs")
    ]
    assert 0 == server.stop()

    for answer in errors:
        assert 400 <= answer.status_code < 500, answer.url
        assert CANARY not in answer.text, answer.text
        assert CANARY not in str(answer.headers), answer.headers
    assert 'route="/contacts/{id}"' in measured
    assert CANARY not in measured
    assert not any(CANARY in text for text in open_answers)
    lines = [line for line in server.output if '"event": "request"' in line or '"event":"request"' in line]
    assert len(lines) >= len(errors)
    assert CANARY not in server.said
    assert all(
        set(json.loads(line)) <= {"event", "level", "timestamp", "method", "route", "status", "ms", "request_id"}
        for line in lines
    )


def test_tokens_are_kept_as_their_sha_256_alone(server):
    story(server)
    printed = next(word for word in server.said.split() if word.startswith("sayso_us_"))
    listed = subprocess.run(
        [sys.executable, "-m", "sayso", "token", "create", "--name", "other", "--json"],
        cwd=server.folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = next(value for value in _strings(json.loads(listed.stdout)) if value.startswith("sayso_us_"))
    assert 0 == server.stop()

    files = [path for path in (server.folder / "sayso-data").rglob("*") if path.is_file()]
    held = b"".join(path.read_bytes() for path in files)
    for token in (TOKEN, printed, shown):
        assert sha256(token.encode()).digest() in held
        assert token.encode() not in held
        assert token[:-4][-12:].encode() not in held
    assert CANARY.encode() in held


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _strings(inner)]
    return [value] if isinstance(value, str) else []


async def test_a_token_that_was_never_made_is_not_kept_in_memory(acme: Acme):
    before = len(acme.region.access._known)
    for number in range(50):
        assert 401 == (await acme.client_with(f"guess-{number}").get("/me")).status_code

    assert before == len(acme.region.access._known)


def comparisons(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(sign, (ast.Eq, ast.NotEq)) for sign in node.ops):
            text = ast.unparse(node)
            if any(word in text for word in ("digest", "secret", "token")):
                found.append(f"{path.name}: {text}")
    return found


def test_digests_are_compared_in_constant_time():
    # Of what is compared by `==`, none is a secret: in tests' store, a look-up by digest; in the CLI, a token's id or name.
    allowed = ("token.py: token.digest == digest", "token.name", "token.id", "token_id", "token.workspace_id")
    unequal = [found for path in SOURCES.rglob("*.py") for found in comparisons(path)]

    assert [] == [found for found in unequal if not any(word in found for word in allowed)]
    assert "compare_digest(known.token.digest, digest)" in (SOURCES / "service" / "access.py").read_text()
