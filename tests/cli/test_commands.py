"""Verify, backup, migrate, config and doctor, each on data of its own."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from tests.cli.conftest import Sayso
from tests.storage.old_databases import unpack

from sayso.service.ids import RandomIds
from sayso.storage import structure


def _run(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


@pytest.fixture
def database(sayso: Sayso, tmp_path: Path) -> Path:
    """With one workspace, acme, and nothing in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RandomIds, "code", lambda _: "acme")
        sayso("workspace", "create", "Acme")
    return tmp_path / "sayso-data" / "sayso.db"


def _fake_contact(path: Path) -> None:
    _run(
        path,
        "INSERT INTO contacts (workspace_id, contact_id, state, revision, updated_at, last_act, subject, head_seq, "
        "standing, created_at, role, profile, tags, companies, notes) "
        "VALUES ('acme', x'c1', 'live', 1, 0, x'00', x'00', 0, '1g', 0, 'user', '{}', '', '', '')",
    )


def test_verify_counts_what_it_checked(sayso: Sayso, database: Path):
    said = sayso("verify")

    assert (0, "Checked 0 contacts and 0 entries: no problems found.", "") == (
        said.code,
        said.out.splitlines()[-1],
        said.err,
    )
    found = sayso("verify", "--json").json
    assert (0, 0, 0, []) == tuple(found[name] for name in ("contacts", "entries", "unbound_chains", "problems"))


def test_verify_tells_how_many_chains_are_not_bound_to_their_contacts(sayso: Sayso, tmp_path: Path):
    unpack("0001", tmp_path / "sayso-data" / "sayso.db")
    sayso("migrate")

    said = sayso("verify")

    number = sayso("verify", "--json").json["unbound_chains"]
    assert number > 0
    assert (0, True) == (said.code, f"\nChains begun before chains were bound: {number}." in said.out)


def test_verify_and_the_doctor_list_users_with_the_email_of_an_older_one(sayso: Sayso, tmp_path: Path):
    unpack("0001", tmp_path / "sayso-data" / "sayso.db")
    sayso("migrate")

    said, found, doctor = sayso("verify"), sayso("verify", "--json").json, sayso("doctor", "--json")

    assert (0, 0, []) == (said.code, doctor.code, found["problems"])
    told = [
        f"workspace {one['workspace_id']}, contact {one['contact_id']}: "
        f"a duplicate of contact {one['claimed_by']}, who claims the same email"
        for one in found["duplicates"]
    ]
    assert (4, set(told)) == (len(told), set(told) & set(said.out.splitlines()))
    notes = [
        one["detail"] for one in doctor.json["findings"] if (one["check"], one["verdict"]) == ("duplicate", "note")
    ]
    assert told == notes


def test_verify_prints_the_digest_of_each_workspace(sayso: Sayso, database: Path):
    digest = sayso("verify", "--json").json["digests"]

    assert [("us", "acme", 0, 0, 0, 1)] == [
        tuple(one[name] for name in ("region", "workspace_id", "contacts", "entries", "changes", "settings"))
        for one in digest
    ]
    assert f"workspace acme: digest {digest[0]['digest']}" == sayso("verify").out.splitlines()[0]


def test_verify_names_what_is_wrong_and_ends_with_3(sayso: Sayso, database: Path):
    _fake_contact(database)
    said, in_json = sayso("verify"), sayso("verify", "--json")

    wrong = "the contact's standing is not what its entries come to"
    assert (3, 3) == (said.code, in_json.code)
    assert f"workspace acme, contact c1: {wrong}\n" in said.out
    named = {"region": "us", "workspace_id": "acme", "contact_id": "c1", "seq": None, "what": wrong}
    assert named in in_json.json["problems"]


def test_verify_names_the_contact_and_the_table_of_a_link_that_has_no_row(sayso: Sayso, database: Path):
    _fake_contact(database)
    _run(database, "UPDATE contacts SET tags = '7'")

    said = sayso("verify")

    assert 3 == said.code
    assert "workspace acme, contact c1: the contact's row names what has no row in contact_tags\n" in said.out


def test_verify_walks_every_region_unless_one_is_named(sayso: Sayso, database: Path, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text("[regions.eu]")
    sayso("workspace", "create", "Over there", "--region", "eu")
    _run(tmp_path / "sayso-data" / "sayso-eu.db", "UPDATE workspaces SET workspace_id = 'acme'")
    _fake_contact(tmp_path / "sayso-data" / "sayso-eu.db")

    assert 3 == sayso("verify").code
    assert 0 == sayso("verify", "--region", "us").code
    assert {"eu"} == {one["region"] for one in sayso("verify", "--json").json["problems"]}


def test_verify_of_one_workspace_needs_one_that_exists(sayso: Sayso, database: Path):
    _fake_contact(database)
    other = sayso("workspace", "create", "Globex", "--json").json["id"]

    assert 3 == sayso("verify", "--workspace", "acme").code
    assert 0 == sayso("verify", "--workspace", other).code
    assert 1 == sayso("verify", "--workspace", "nowhere").code


def test_a_backup_replaces_nothing_unless_it_is_forced(sayso: Sayso, database: Path, tmp_path: Path):
    copy = tmp_path / "copy.db"
    copy.write_text("something else")
    (tmp_path / "copy.db-wal").write_text("what would be taken for the copy's")

    said = sayso("backup", "copy.db")
    assert (1, "something else") == (said.code, copy.read_text())
    assert "--force replaces it" in said.err
    assert 0 == sayso("backup", "copy.db", "--force").code
    assert ["acme"] == [
        one["id"]
        for one in sayso("workspace", "list", "--database-url", "sqlite:///copy.db", "--json").json["workspaces"]
    ]


def test_a_backup_never_replaces_the_database_itself(sayso: Sayso, database: Path):
    before = database.read_bytes()
    said = sayso("backup", str(database), "--force")

    assert 1 == said.code
    assert "is the database itself" in said.err
    assert before == database.read_bytes()


def test_a_backup_that_cannot_be_written_leaves_nothing(sayso: Sayso, database: Path, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    assert 1 == sayso("backup", "file/copy.db").code
    assert 1 == sayso("backup", "nowhere/copy.db").code
    assert [] == list(tmp_path.glob("**/*.unfinished"))


def test_migrate_makes_a_database_and_check_only_looks(sayso: Sayso, tmp_path: Path):
    checked = sayso("migrate", "--check")
    assert 1 == checked.code
    assert checked.out.startswith("us: pending 0001")
    assert [] == list(tmp_path.iterdir())

    assert sayso("migrate").out.startswith("us: applied 0001")
    assert (0, "us: up to date\n") == (sayso("migrate", "--check").code, sayso("migrate", "--check").out)
    assert {"regions": {"us": {"applied": []}}} == sayso("migrate", "--json").json


def test_the_code_of_a_migration_runs_again_when_it_is_asked_for(sayso: Sayso, database: Path):
    _run(database, "UPDATE admins SET admin_id = '9'")
    assert 3 == sayso("verify").code

    said = sayso("migrate", "--again", "0003_settings_log")

    assert (0, "us: 0003_settings_log has run again\n") == (said.code, said.out)
    found = [one["what"] for one in sayso("verify", "--json").json["problems"]]
    assert (1, True) == (len(found), "admin 1" in found[0])
    assert (0, 0, 2) == (
        sayso("migrate", "--again", "0007_normal_form").code,
        sayso("migrate", "--again", "0010_roles_and_user_counts").code,
        sayso("migrate", "--again", "0005_contact_counts").code,
    )
    assert 2 == sayso("migrate", "--check", "--again", "0007_normal_form").code


def test_the_code_of_a_migration_does_not_run_again_before_all_are_applied(sayso: Sayso, tmp_path: Path):
    unpack("0001", tmp_path / "sayso-data" / "sayso.db")

    said = sayso("migrate", "--again", "0003_settings_log")

    assert (1, True) == (said.code, "awaits a migration" in said.err)


def test_config_show_tells_values_and_sources_and_no_secret(
    sayso: Sayso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sayso.toml").write_text('port = 9\n[regions.eu]\nhosts = ["eu.test"]')
    monkeypatch.setenv("SAYSO_BOOTSTRAP_TOKEN", "a-long-enough-secret")
    monkeypatch.setenv("SAYSO_RATE_LIMIT", "60")
    said = sayso("config", "show", "--data-dir", "elsewhere", "--json")
    found = {one["name"]: (one["value"], one["source"]) for one in said.json["settings"]}

    assert (9, "sayso.toml") == found["port"]
    assert (60, "SAYSO_RATE_LIMIT") == found["rate_limit"]
    assert ("elsewhere", "--data-dir") == found["data_dir"]
    assert ("127.0.0.1", "default") == found["host"]
    assert ("***", "SAYSO_BOOTSTRAP_TOKEN") == found["bootstrap_token"]
    assert ({"eu": {"hosts": ["eu.test"], "database_url": ""}}, "sayso.toml") == found["regions"]
    assert "secret" not in said.out + sayso("config", "show").out


def _verdicts(sayso: Sayso, *words: str) -> dict[str, tuple[str, str]]:
    findings = sayso("doctor", "--json", *words).json["findings"]
    return {one["check"]: (one["verdict"], one["detail"]) for one in findings}


def test_the_doctor_finds_a_fresh_folder_in_order(sayso: Sayso):
    assert 0 == sayso("doctor").code
    assert "note" == _verdicts(sayso)["file"][0]


def test_the_doctor_tells_versions_files_and_schema(sayso: Sayso, database: Path):
    found = _verdicts(sayso, "--deep")

    assert {
        "sayso",
        "python",
        "sqlite",
        "variables",
        "disk",
        "server",
        "file",
        "privacy",
        "schema",
        "tables",
        "region",
        "journal",
        "structure",
    } == set(found)
    assert {"ok"} == {verdict for verdict, _ in found.values()}
    assert ("ok", "wal") == found["journal"]
    assert found["sqlite"][1].startswith(apsw.sqlite_lib_version())


def test_verify_and_the_doctor_find_a_trigger(sayso: Sayso, database: Path):
    _run(database, "CREATE TRIGGER swallow AFTER INSERT ON ledger BEGIN DELETE FROM ledger; END")

    said = sayso("verify")

    assert (3, "schema: there is a trigger on ledger: swallow") == (said.code, said.out.splitlines()[0])
    assert [None] == [one["workspace_id"] for one in sayso("verify", "--json").json["problems"]]
    assert 1 == sayso("doctor").code
    assert ("wrong", "there is a trigger on ledger: swallow") == _verdicts(sayso)["tables"]


def test_verify_tells_what_is_missing_where_rows_cannot_be_read(sayso: Sayso, database: Path):
    _run(database, "DROP TABLE contact_counts")

    said = sayso("verify")

    assert (3, "schema: the table contact_counts is missing") == (said.code, said.out.splitlines()[0])
    assert "schema: the rows cannot be checked" in said.out


def test_a_migration_that_seems_unfinished_is_found_by_verify_and_refused_by_the_others(sayso: Sayso, database: Path):
    _run(database, "INSERT INTO migrating VALUES ('0003_settings_log', '')")

    assert (3, True) == (sayso("verify").code, "0003_settings_log is not finished" in sayso("verify").out)
    for command in ("migrate", "serve"):
        assert (1, True) == (sayso(command).code, "0003_settings_log is not finished" in sayso(command).err)


def test_the_doctor_notes_an_index_that_the_operator_added(sayso: Sayso, database: Path):
    _run(database, "CREATE INDEX by_name ON contacts (workspace_id, name)")

    assert (0, 0) == (sayso("doctor").code, sayso("verify").code)
    assert ("note", "there is an additional index on contacts: by_name") == _verdicts(sayso)["tables"]


def test_the_doctor_points_at_a_variable_that_is_no_setting(
    sayso: Sayso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    token = tmp_path / "token"
    token.write_text("a-token-of-the-test")
    for name, value in {"SAYSO_PROT": "", "SAYSO_PORT": "", "SAYSO_BOOTSTRAP_TOKEN_FILE": str(token)}.items():
        monkeypatch.setenv(name, value)

    assert ("note", "not settings, and ignored: SAYSO_PROT") == _verdicts(sayso)["variables"]


def test_the_doctor_does_not_point_at_the_variables_that_clients_read(sayso: Sayso, monkeypatch: pytest.MonkeyPatch):
    for name in ("SAYSO_URL", "SAYSO_TOKEN"):
        monkeypatch.setenv(name, "a value of the test")

    assert ("ok", "no unknown SAYSO_* variable is set") == _verdicts(sayso)["variables"]


def test_the_doctor_finds_a_disk_without_room(sayso: Sayso, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(structure, "ROOM", 2**63)

    assert 1 == sayso("doctor").code
    assert "wrong" == _verdicts(sayso)["disk"][0]


def test_the_doctor_finds_a_database_that_everybody_can_read(sayso: Sayso, database: Path):
    database.parent.chmod(0o755)
    database.chmod(0o644)

    assert 1 == sayso("doctor").code
    assert "wrong" == _verdicts(sayso)["privacy"][0]


def test_the_doctor_finds_a_newer_schema(sayso: Sayso, database: Path):
    _run(database, "INSERT INTO migrations VALUES ('9999_later', '', 0)")

    assert 1 == sayso("doctor").code
    assert "wrong" == _verdicts(sayso)["schema"][0]


def test_the_doctor_finds_another_region_s_database(sayso: Sayso, database: Path):
    assert 1 == sayso("doctor", "--region", "eu").code
    told = _verdicts(sayso, "--region", "eu")["region"]
    assert "wrong" == told[0]
    assert "holds workspaces of region us, and was opened as region eu's" in told[1]


def test_the_doctor_leaves_a_database_that_awaits_a_migration_alone(sayso: Sayso, tmp_path: Path):
    path = tmp_path / "sayso.db"
    _run(path, "PRAGMA user_version = 1")
    before = path.read_bytes()

    found = _verdicts(sayso, "--database-url", f"sqlite:///{path}")

    assert ("note", None) == (found["schema"][0], found.get("region"))
    assert before == path.read_bytes()


def test_the_doctor_finds_a_damaged_file(sayso: Sayso, database: Path):
    _run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    pages = bytearray(database.read_bytes())
    pages[2 * 4096 : 6 * 4096] = b"\xff" * (4 * 4096)
    database.write_bytes(pages)

    assert 1 == sayso("doctor", "--deep").code
    assert "wrong" == _verdicts(sayso, "--deep")["structure"][0]


def test_a_workspace_has_the_version_and_time_zone_it_was_made_with(sayso: Sayso):
    made = sayso("workspace", "create", "Acme", "--api-version", "2.16", "--timezone", "Europe/Berlin", "--json").json

    assert ("2.16", "Europe/Berlin") == (made["api_version"], made["timezone"])
    assert 2 == sayso("workspace", "create", "Acme", "--timezone", "Mars/Olympus").code


def test_the_version_of_a_workspace_can_be_changed(sayso: Sayso):
    made = sayso("workspace", "create", "Acme", "--json").json
    changed = sayso("workspace", "set", "--api-version", "2.14", "--json").json

    assert ("2.11", made | {"api_version": "2.14"}) == (made["api_version"], changed)
    assert [changed] == sayso("workspace", "list", "--json").json["workspaces"]
    assert 2 == sayso("workspace", "set", "--api-version", "2.99").code
    assert 2 == sayso("workspace", "set").code
    assert (
        "there is no workspace nobody"
        in sayso("workspace", "set", "--workspace", "nobody", "--api-version", "2.14").err
    )


@pytest.mark.parametrize(
    "email", ["", "nobody", "@example.com", "eve@", "e ve@example.com", "a@b@c", "eve@x\0", "e" * 250 + "@x.co"]
)
def test_an_admin_s_address_that_is_none_is_refused_in_one_line_and_not_repeated(sayso: Sayso, email: str):
    said = sayso("workspace", "create", "Acme", "--admin-email", email)

    told = "sayso: --admin-email: an admin's email is an address such as admin@example.com\n"
    assert (2, "", told) == (said.code, said.out, said.err)


def test_an_admin_has_a_name(sayso: Sayso):
    said = sayso("workspace", "create", "Acme", "--admin-name", " ")

    assert (2, "sayso: --admin-name: an admin's name has 1 to 255 characters\n") == (said.code, said.err)
    assert 0 == sayso("workspace", "create", "Acme", "--admin-email", "ada@example.com", "--admin-name", "Ada").code


def test_an_empty_name_of_a_folder_is_refused(sayso: Sayso, tmp_path: Path):
    said = sayso("workspace", "create", "Acme", "--data-dir", "")

    told = "sayso: data_dir (--data-dir): must name a folder; the working directory is called .\n"
    assert (2, "", told) == (said.code, said.out, said.err)
    assert [] == list(tmp_path.iterdir())


def test_serve_says_of_each_flag_what_it_takes(sayso: Sayso):
    said = sayso("serve", "--help").out

    assert "--max-connections-per-address NUMBER" in said
    assert " TEXT" not in said
