"""Digests and heads that are kept outside the database, and compared with it later."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.cli.conftest import Said, Sayso

from sayso.cli import outside_copy
from sayso.domain.errors import Unavailable
from sayso.service import verify, verify_heads
from sayso.storage import backup

COPY = ("--database-url", "sqlite:///copy.db")


@pytest.fixture
def acme(sayso: Sayso) -> str:
    """The id of a workspace with a type and a token."""
    workspace_id: str = sayso("workspace", "create", "Acme", "--json").json["id"]
    sayso("type", "create", "--consent-type", "opt_in", "--name", "News")
    sayso("token", "create", "--name", "ci")
    return workspace_id


def run(path: str, sql: str) -> None:
    connection = apsw.Connection(path)
    connection.execute(sql)
    connection.close()


def digest(said: Said) -> str:
    return str(said.json["digests"][0]["digest"])


def told(said: Said) -> list[str]:
    whats = [line.partition(": ")[2] for line in said.out.splitlines()[:-1]]
    return [what for what in whats if not re.fullmatch("digest [0-9a-f]{64}", what)]


def test_a_backup_keeps_the_digests_of_its_workspaces_beside_it(sayso: Sayso, acme: str, tmp_path: Path):
    said = sayso("backup", "copy.db", "--json")

    file = json.loads((tmp_path / "copy.db.digest").read_text())
    assert ("digests", 1, "us") == (file["type"], file["v"], file["region"])
    assert {"digest", "contacts", "entries", "changes", "settings"} == set(file["workspaces"][acme])
    assert file["workspaces"][acme]["digest"] == digest(sayso("verify", "--json"))
    assert "copy.db.digest" == said.json["digest_file"]
    assert 0o600 == (tmp_path / "copy.db.digest").stat().st_mode & 0o777
    assert ["copy.db", "copy.db.digest", "sayso-data"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_backup_that_nobody_touched_has_the_digest_that_was_kept(sayso: Sayso, acme: str):
    sayso("backup", "copy.db")

    assert 0 == sayso("verify", *COPY, "--expect", "copy.db.digest").code
    assert 0 == sayso("verify", *COPY, "--expect", digest(sayso("verify", "--json"))).code


def test_another_digest_is_told_and_ends_with_3(sayso: Sayso, acme: str):
    sayso("backup", "copy.db")
    run("copy.db", "DELETE FROM settings_log WHERE kind = 'token.changed'")
    run("copy.db", "DELETE FROM tokens")

    found, bare = (sayso("verify", *COPY, "--expect", word) for word in ("copy.db.digest", "0" * 64))

    assert 0 == sayso("verify", *COPY).code
    assert (3, 3) == (found.code, bare.code)
    assert ["the digest is not the one expected; something is missing: settings -1"] == told(found)
    assert ["the digest is not the one expected: the workspace was altered, or written to since"] == told(bare)


def test_a_database_that_was_written_to_since_is_said_to_have_been(sayso: Sayso, acme: str):
    sayso("backup", "copy.db")
    sayso("token", "create", "--name", "more")

    said = sayso("verify", "--expect", "copy.db.digest")

    assert 3 == said.code
    what = "the digest is not the one expected, and the workspace was written to since: settings +1"
    assert [f"{what}. For a database that grows use --heads"] == told(said)


def test_a_workspace_that_is_gone_or_was_not_there_is_told(sayso: Sayso, acme: str):
    sayso("backup", "copy.db")
    more = sayso("workspace", "create", "Globex", "--json").json["id"]

    assert ["the expected digests do not include this workspace"] == told(sayso("verify", "--expect", "copy.db.digest"))
    assert 0 == sayso("verify", "--expect", "copy.db.digest", "--workspace", acme).code

    sayso("backup", "copy.db", "--force")
    for table in ("workspaces", "admins", "settings_log"):
        run("copy.db", f"DELETE FROM {table} WHERE workspace_id = '{more}'")
    assert 0 == sayso("verify", *COPY).code
    said = sayso("verify", *COPY, "--expect", "copy.db.digest")
    assert (3, ["a digest is expected, and the workspace does not exist"]) == (said.code, told(said))


def test_saved_heads_are_found_again_in_a_database_that_has_grown(sayso: Sayso, acme: str, tmp_path: Path):
    assert 0 == sayso("verify", "--save-heads", "heads.txt").code
    sayso("token", "create", "--name", "more")

    assert 0 == sayso("verify", "--heads", "heads.txt").code
    assert 0o600 == (tmp_path / "heads.txt").stat().st_mode & 0o777
    title, settings, end = (tmp_path / "heads.txt").read_text().splitlines()
    assert "# sayso heads 1: workspace, subject, seq, hash" == title
    assert [acme, "settings", "3"] == settings.split(" ")[:3]
    assert "# end 1" == end


def test_heads_that_are_no_ancestors_are_told_and_end_with_3(sayso: Sayso, acme: str):
    sayso("verify", "--save-heads", "heads.txt")
    path = "sayso-data/sayso.db"
    run(path, "DELETE FROM settings_log WHERE kind = 'token.changed'")
    run(path, "DELETE FROM tokens")

    said = sayso("verify", "--heads", "heads.txt")

    assert (3, ["the saved heads name settings_log entry 3; it is missing or has a different hash"]) == (
        said.code,
        told(said),
    )


def test_heads_of_a_workspace_that_is_gone_are_told(sayso: Sayso, acme: str):
    sayso("verify", "--save-heads", "heads.txt")
    for table in ("workspaces", "admins", "tokens", "subscription_types", "translations", "notices", "settings_log"):
        run("sayso-data/sayso.db", f"DELETE FROM {table}")

    said = sayso("verify", "--heads", "heads.txt")

    assert (3, ["the saved heads name settings_log entry 3; it is missing or has a different hash"]) == (
        said.code,
        told(said),
    )


def test_heads_are_saved_only_from_a_database_that_verifies_and_never_over_older_ones(
    sayso: Sayso, acme: str, tmp_path: Path
):
    run("sayso-data/sayso.db", "UPDATE tokens SET scopes = 'admin'")
    refused, as_json = (sayso("verify", "--save-heads", "heads.txt", *more) for more in ((), ("--json",)))
    assert (3, 3) == (refused.code, as_json.code)
    assert "Heads not saved: problems were found." in refused.out.splitlines()
    assert as_json.json["saved_heads"] is None
    assert not (tmp_path / "heads.txt").exists()

    run("sayso-data/sayso.db", "UPDATE tokens SET scopes = 'read write'")
    assert "Saved 1 heads to heads.txt." in sayso("verify", "--save-heads", "heads.txt").out.splitlines()
    assert 1 == sayso("verify", "--save-heads", "more.txt", "--json").json["saved_heads"]
    again = sayso("verify", "--save-heads", "heads.txt")
    assert (2, True) == (again.code, "is there already" in again.err)


def test_heads_are_not_saved_over_a_file_that_somebody_made_while_the_database_was_verified(
    sayso: Sayso, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def verified(*_: object) -> verify.Report:
        (tmp_path / "heads.txt").write_text("older")
        return verify.Report()

    monkeypatch.setattr(verify, "verify", verified)

    said = sayso("verify", "--save-heads", "heads.txt")

    assert (2, True) == (said.code, "is there already" in said.err)
    assert "older" == (tmp_path / "heads.txt").read_text()


def test_heads_that_could_not_be_written_to_the_end_leave_no_file(
    sayso: Sayso, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def failing(*_: object) -> AsyncIterator[verify_heads.SavedHead]:
        yield verify_heads.SavedHead(acme, "settings", 1, None)
        raise Unavailable("The database is away")

    monkeypatch.setattr(verify_heads, "heads", failing)

    assert 1 == sayso("verify", "--save-heads", "heads.txt").code

    assert not (tmp_path / "heads.txt").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--expect", "nowhere"),
        ("--expect", "0" * 64),
        ("--heads", "nowhere"),
        ("--save-heads", "nowhere/heads.txt"),
        ("--save-heads", "dangling"),
    ],
)
def test_what_cannot_be_compared_or_saved_is_refused_before_anything_is_verified(
    sayso: Sayso, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, str]
):
    async def verified(*_: object) -> verify.Report:
        raise AssertionError("it was verified first")

    sayso("workspace", "create", "Globex")
    (tmp_path / "dangling").symlink_to("nowhere")
    monkeypatch.setattr(verify, "verify", verified)

    assert 2 == sayso("verify", *words).code


@pytest.mark.parametrize("kept", ["heads.txt", "copy.db.digest", "digest"])
def test_a_workspace_that_is_gone_is_found_when_it_alone_is_verified(sayso: Sayso, acme: str, kept: str):
    sayso("verify", "--save-heads", "heads.txt")
    sayso("backup", "copy.db")
    compared = {
        "heads.txt": ("--heads", "heads.txt"),
        "copy.db.digest": ("--expect", "copy.db.digest"),
        "digest": ("--expect", digest(sayso("verify", "--json"))),
    }[kept]
    for table in ("workspaces", "admins", "tokens", "subscription_types", "translations", "notices", "settings_log"):
        run("sayso-data/sayso.db", f"DELETE FROM {table}")

    assert 3 == sayso("verify", "--workspace", acme, *compared).code
    assert 1 == sayso("verify", "--workspace", acme).code
    assert 1 == sayso("verify", "--workspace", "nowhere", "--heads", "heads.txt").code


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--expect", "nowhere"), "No such file or directory; a digest has 64 hex digits"),
        (("--expect", "junk"), "junk is not a file that `sayso backup` wrote"),
        (("--expect", "json"), "json is not a file that `sayso backup` wrote"),
        (("--expect", "list"), "list is not a file that `sayso backup` wrote"),
        (("--heads", "nowhere"), "No such file or directory"),
        (("--heads", "junk"), "not UTF-8 text"),
        (("--heads", "json"), "line 1 is not the title of a list that --save-heads wrote"),
        (("--heads", "half"), "line 2 is not a workspace, a subject, a seq and a hash"),
        (("--heads", "empty"), "line 1 is not the title of a list that --save-heads wrote"),
        (("--heads", "cut"), "the list is incomplete"),
    ],
)
def test_a_file_that_is_no_such_file_is_a_usage_error(
    sayso: Sayso, acme: str, tmp_path: Path, words: tuple[str, str], what: str
):
    (tmp_path / "junk").write_bytes(b"\xff\x00")
    (tmp_path / "json").write_text('{"type": "digests", "v": 1, "workspaces": {"a": {"digest": "b"}}}')
    (tmp_path / "list").write_text("[]")
    (tmp_path / "empty").touch()
    (tmp_path / "cut").write_text("# sayso heads 1: workspace, subject, seq, hash\n")
    (tmp_path / "half").write_text("# sayso heads 1: workspace, subject, seq, hash\nacme settings 3\n")

    said = sayso("verify", *words)

    assert (2, True) == (said.code, what in said.err), said.err


def test_one_digest_is_one_workspaces(sayso: Sayso, acme: str):
    sayso("workspace", "create", "Globex")
    digests = {one["workspace_id"]: one["digest"] for one in sayso("verify", "--json").json["digests"]}

    assert 2 == sayso("verify", "--expect", digests[acme]).code
    assert 0 == sayso("verify", "--expect", digests[acme], "--workspace", acme).code


def test_a_new_copy_never_lies_beside_the_digests_of_an_older_one(
    sayso: Sayso, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    sayso("backup", "copy.db")
    older = (tmp_path / "copy.db").read_bytes()
    sayso("token", "create", "--name", "more")
    monkeypatch.setattr(outside_copy, "write_digests", killed)

    assert 130 == sayso("backup", "copy.db", "--force").code

    assert older != (tmp_path / "copy.db").read_bytes()
    assert not (tmp_path / "copy.db.digest").exists()


def test_only_force_replaces_the_digests_of_an_older_copy(sayso: Sayso, acme: str, tmp_path: Path):
    sayso("backup", "copy.db")
    older = (tmp_path / "copy.db.digest").read_bytes()
    (tmp_path / "copy.db").unlink()

    said = sayso("backup", "copy.db")

    assert (1, True) == (said.code, "copy.db.digest is there already; --force replaces it" in said.err), said
    assert not (tmp_path / "copy.db").exists()
    assert older == (tmp_path / "copy.db.digest").read_bytes()
    assert 0 == sayso("backup", "copy.db", "--force").code


def test_an_older_copy_that_is_not_replaced_keeps_its_digests(
    sayso: Sayso, acme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    sayso("backup", "copy.db")
    monkeypatch.setattr(backup, "_copy", full)

    assert 0 != sayso("backup", "copy.db", "--force").code

    assert 0 == sayso("verify", *COPY, "--expect", "copy.db.digest").code


def test_a_link_in_the_way_of_a_file_of_heads_leads_nowhere(sayso: Sayso, acme: str, tmp_path: Path):
    (tmp_path / "other").write_text("precious")
    (tmp_path / "heads.txt.unfinished").symlink_to("other")

    assert 0 == sayso("verify", "--save-heads", "heads.txt").code

    assert "precious" == (tmp_path / "other").read_text()
    assert (tmp_path / "heads.txt.unfinished").is_symlink()


def test_what_is_compared_is_one_region_s(sayso: Sayso, acme: str, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text('[regions.us]\n[regions.eu]\ndatabase_url = "sqlite:///eu.db"\n')

    assert 2 == sayso("verify", "--save-heads", "heads.txt").code
    assert 0 == sayso("verify", "--save-heads", "heads.txt", "--region", "us").code


def test_a_backup_never_writes_its_digest_over_something_else(sayso: Sayso, acme: str, tmp_path: Path):
    (tmp_path / "copy.db.digest").write_bytes(b"SQLite format 3\x00")

    said = sayso("backup", "copy.db", "--force")

    assert (2, True) == (said.code, "is no file of digests" in said.err)
    assert b"SQLite format 3\x00" == (tmp_path / "copy.db.digest").read_bytes()
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("backup", ""), "'FILE': must name a file"),
        (("verify", "--save-heads", ""), "'--save-heads': must name a file"),
        (("verify", "--heads", ""), "'--heads': must name a file"),
        (("verify", "--expect", ""), "'--expect': must name a file, or be 64 hex digits"),
        (("verify", "--workspace", ""), "'--workspace': must be a workspace's id"),
        (("token", "list", "--workspace", " "), "'--workspace': must be a workspace's id"),
        (("verify", "--config", ""), "--config: must name a file; leave it out where there is none"),
    ],
)
def test_an_empty_option_is_refused_with_what_it_must_be(
    sayso: Sayso, acme: str, arguments: tuple[str, ...], message: str
):
    said = sayso(*arguments)

    assert 2 == said.code
    assert message in said.err


def test_a_backup_that_cannot_be_written_is_named_as_it_was_asked_for(sayso: Sayso, acme: str):
    said = sayso("backup", "nowhere/copy")

    assert 1 == said.code
    assert "nowhere/copy: No such file or directory" in said.err
    assert "unfinished" not in said.err
