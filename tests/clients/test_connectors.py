"""Connectors that copy a whole workspace come to the end of it, unmodified."""

from __future__ import annotations

from pathlib import Path

from tests.clients.conftest import Workspace
from tests.clients.connecting import Lines, read_by_airbyte, read_by_singer, records
from tests.clients.installing import CONNECTORS

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
