"""Connectors that copy a whole workspace come to the end of it, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.clients.connecting import Lines, read_by_airbyte, read_by_singer, records
from tests.clients.installing import CONNECTORS
from tests.running import Running

STREAMS_OF_SINGER = {
    "admins",
    "companies",
    "company_attributes",
    "company_segments",
    "contact_attributes",
    "contacts",
    "conversation_parts",
    "conversations",
    "segments",
    "tags",
    "teams",
}

STREAMS_OF_AIRBYTE = {*STREAMS_OF_SINGER, "activity_logs"}


class Workspace(NamedTuple):
    """A server whose workspace has 500 contacts and 120 companies, and a tag; their ids."""

    server: Running
    contacts: set[str]
    companies: set[str]
    tag: str


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Running(tmp_path_factory.mktemp("connectors"), SAYSO_RATE_LIMIT="1000000") as server, server.client as client:

        def make(path: str, **body: object) -> str:
            made = client.post(path, json=body)
            assert 200 == made.status_code, made.text
            return made.json()["id"]

        contacts = [make("/contacts", email=f"{number}@example.com", name=f"No. {number}") for number in range(500)]
        companies = [make("/companies", company_id=str(number), name=f"No. {number}") for number in range(120)]
        tag = make("/tags", name="VIP")
        make(f"/contacts/{contacts[0]}/tags", id=tag)
        # More than a contact's own object lists.
        for company in companies[:12]:
            make(f"/contacts/{contacts[0]}/companies", id=company)
        yield Workspace(server, set(contacts), set(companies), tag)


def test_tap_intercom_reads_its_whole_catalogue(workspace: Workspace, tmp_path: Path):
    said = read_by_singer(workspace.server, tmp_path)

    assert STREAMS_OF_SINGER == {line["stream"] for line in said if line["type"] == "SCHEMA"}
    assert None is said[-1]["value"].get("currently_syncing")
    _assert_whole(workspace, said)
    joined = [len(one["companies"]) for one in records(said, "contacts") if one.get("companies")]
    assert [12] == joined


def test_the_connector_of_airbyte_reads_its_whole_catalogue(workspace: Workspace, tmp_path: Path):
    said = read_by_airbyte(workspace.server, tmp_path)

    traces = [line["trace"] for line in said if line["type"] == "TRACE"]
    assert [] == [trace["error"] for trace in traces if trace["type"] == "ERROR"]
    statuses = [trace["stream_status"] for trace in traces if trace["type"] == "STREAM_STATUS"]
    complete = {one["stream_descriptor"]["name"] for one in statuses if one["status"] == "COMPLETE"}
    assert STREAMS_OF_AIRBYTE == complete
    _assert_whole(workspace, said)


def test_the_locks_of_connectors_have_hashes_and_name_no_host():
    for lock in CONNECTORS.glob("*.lock"):
        lines = lock.read_text().splitlines()
        pinned = [number for number, line in enumerate(lines) if not line.startswith(" ")]

        assert "://" not in lock.read_text()
        assert all("==" in lines[number] and "--hash=sha256:" in lines[number + 1] for number in pinned)


def _assert_whole(workspace: Workspace, said: Lines) -> None:
    """Each contact, company, tag and admin came, none of them twice, and nothing of what is not stored."""
    contacts, companies = ([one["id"] for one in records(said, stream)] for stream in ("contacts", "companies"))
    assert (500, workspace.contacts) == (len(contacts), set(contacts))
    assert (120, workspace.companies) == (len(companies), set(companies))
    assert [workspace.tag] == [one["id"] for one in records(said, "tags")]
    assert 1 == len(records(said, "admins"))
    assert [] == [*records(said, "teams"), *records(said, "conversations"), *records(said, "conversation_parts")]
