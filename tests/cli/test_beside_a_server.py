"""Commands work while a server runs on the same data, and what they change holds there within two seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.conftest import Said, Sayso
from tests.machine import DEADLINE
from tests.running import Running
from tests.workers import within

#: By when a running server follows, in seconds.
FOLLOWS = 2.0


@pytest.fixture
def running(start: Callable[..., Running], tmp_path: Path) -> Running:
    """Its folder is that of the command line's fixture."""
    return start("--demo")


def _contact(client: httpx2.Client) -> str:
    return str(client.get("/contacts").json()["data"][0]["id"])


def _attach(client: httpx2.Client, contact: str, type_id: str) -> int:
    return client.post(f"/contacts/{contact}/subscriptions", json={"id": type_id}).status_code


def _value(said: Said) -> str:
    assert 0 == said.code, said.err
    return said.out.strip()


def test_a_revoked_token_stops_working_within_two_seconds(running: Running, sayso: Sayso):
    value = _value(sayso("token", "create", "--name", "short-lived"))
    [token_id] = [one["id"] for one in sayso("token", "list", "--json").json["tokens"] if one["name"] == "short-lived"]
    with httpx2.Client(base_url=running.url, headers={"Authorization": f"Bearer {value}"}, timeout=DEADLINE) as client:
        assert 200 == client.get("/me").status_code
        assert 0 == sayso("token", "revoke", token_id).code

        assert within(FOLLOWS, lambda: client.get("/me").status_code == 401)
    assert 1 == sayso("token", "revoke", token_id).code


def test_a_new_token_works_at_once_and_has_its_scopes_alone(running: Running, sayso: Sayso):
    value = _value(sayso("token", "create", "--name", "reader", "--scope", "read"))
    with httpx2.Client(base_url=running.url, headers={"Authorization": f"Bearer {value}"}, timeout=DEADLINE) as client:
        assert 200 == client.get("/contacts").status_code
        assert 403 == client.post("/contacts", json={"email": "new@example.com"}).status_code


def test_a_token_reads_and_writes_unless_told_otherwise(sayso: Sayso):
    sayso("workspace", "create", "Acme")
    made = sayso("token", "create", "--name", "usual", "--json").json

    assert ["read", "write"] == made["scopes"]
    assert made["hint"] == f"...{made['value'][-4:]}"
    listed = sayso("token", "list", "--json")
    assert made["value"] not in listed.out + sayso("token", "list").out


def test_a_published_and_an_archived_type_are_so_within_two_seconds(running: Running, sayso: Sayso):
    made = sayso("type", "create", "--consent-type", "opt_in", "--channel", "email", "--name", "Fresh", "--json").json
    with running.client as client:
        contact = _contact(client)
        assert 404 == _attach(client, contact, made["id"])
        assert "live" == sayso("type", "publish", made["id"], "--json").json["state"]
        assert within(FOLLOWS, lambda: _attach(client, contact, made["id"]) == 200)

        assert "archived" == sayso("type", "archive", made["id"], "--json").json["state"]
        other = client.get("/contacts").json()["data"][1]["id"]
        assert within(FOLLOWS, lambda: _attach(client, other, made["id"]) == 404)


def test_a_translation_is_served_within_two_seconds(running: Running, sayso: Sayso):
    said = sayso("type", "translate", "1", "--locale", "fr", "--name", "Nouvelles", "--description", "Ce qui est neuf")
    assert 0 == said.code
    assert "in fr" in said.out

    def served() -> bool:
        translations = client.get("/subscription_types/1").json()["translations"]
        return {"name": "Nouvelles", "description": "Ce qui est neuf", "locale": "fr"} in translations

    with running.client as client:
        assert within(FOLLOWS, served)


def test_types_are_listed_with_their_state_and_languages(running: Running, sayso: Sayso):
    sayso("type", "create", "--consent-type", "opt_out", "--channel", "sms_message", "--name", "SMS", "--live")
    listed = sayso("type", "list", "--json").json["types"]

    assert "live" == listed[4]["state"]
    assert ["sms_message"] == listed[4]["content_types"]
    assert "SMS" in sayso("type", "list").out


def test_a_contact_is_shown_with_its_standing_and_its_ledger(running: Running, sayso: Sayso):
    with running.client as client:
        contact = _contact(client)
        assert 200 == _attach(client, contact, "1")
        client.put(f"/contacts/{contact}", json={"unsubscribed_from_emails": True})
    shown = sayso("contact", "show", contact, "--json").json

    assert "ada@example.com" == shown["email"]
    choices = [{"type_id": "2", "choice": "granted"}, {"type_id": "1", "choice": "withdrawn"}]
    assert {"choices": choices, "stops": ["email"]} == shown["standing"]
    events = ["consent.granted", "consent.withdrawn", "channel.unsubscribed_all"]
    assert events == [entry["event"] for entry in shown["ledger"]]
    text = sayso("contact", "show", contact).out
    assert [] == [word for word in ("ada@example.com", "type 2", "all email", *events) if word not in text]


def test_a_deleted_contact_still_shows_its_ledger(running: Running, sayso: Sayso):
    with running.client as client:
        contact = _contact(client)
        client.delete(f"/contacts/{contact}")
    shown = sayso("contact", "show", contact, "--json").json

    assert ("deleted", None, 1) == (shown["state"], shown["email"], len(shown["ledger"]))


def test_migrations_wait_until_the_server_has_stopped(running: Running, sayso: Sayso):
    refused = sayso("migrate")
    assert (1, True) == (refused.code, "another server or migration is using /" in refused.err)
    assert 0 == sayso("migrate", "--check").code
    running.stop()
    assert 0 == sayso("migrate").code


def test_the_doctor_sees_the_server(running: Running, sayso: Sayso):
    def found() -> dict[str, Any]:
        return {one["check"]: one for one in sayso("doctor", "--deep", "--json").json["findings"]}

    assert "a server or a migration holds the lock" == found()["server"]["detail"]
    assert {"ok"} == {one["verdict"] for one in found().values()}
    running.stop()
    assert "none is running" == found()["server"]["detail"]


def test_a_backup_made_while_the_server_writes_is_whole(running: Running, sayso: Sayso, tmp_path: Path):
    done = threading.Event()
    counted = []

    def write() -> None:
        with running.client as client:
            contact = _contact(client)
            while not done.is_set():
                assert 200 == _attach(client, contact, "1")
                assert 200 == client.delete(f"/contacts/{contact}/subscriptions/1").status_code
                counted.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    assert within(DEADLINE, lambda: len(counted) > 10)
    copies = []
    for number in range(5):
        copies.append(sayso("backup", f"copy{number}.db", "--json"))
        before = len(counted)
        assert within(DEADLINE, lambda before=before: len(counted) > before)
    assert 0 == sayso("verify").code
    done.set()
    writer.join()

    assert [0] * 5 == [copy.code for copy in copies]
    entries = []
    for copy in copies:
        checked = sayso("verify", "--database-url", f"sqlite:///{copy.json['file']}", "--json")
        assert (0, []) == (checked.code, checked.json["problems"])
        entries.append(checked.json["entries"])
    assert sorted(set(entries)) == entries
    assert 0o600 == (tmp_path / "copy0.db").stat().st_mode & 0o777
