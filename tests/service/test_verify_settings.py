"""Verification of the settings log, and of the types, tokens and admins that it binds."""

from __future__ import annotations

import pytest
from tests.cast import Clock
from tests.service.conftest import Ledger, reword_after_reads, write_story, written_by

from sayso.domain.access import Scope
from sayso.service import verify_settings
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.service.verify_settings import of_settings
from sayso.storage.memory import MemoryStore


async def write_settings(store: Store) -> tuple[str, list[str]]:
    """The story, with two tokens and a second admin. The log: 1 admin, 2 to 6 types, 7 to 9 tokens, 10 admin."""
    workspace, contacts = await write_story(store)
    region = Region.on("us", store, Clock(), RandomIds())
    await region.access.create(workspace, "one", [Scope.READ], "us")
    token, _ = await region.access.create(workspace, "two", [Scope.READ, Scope.WRITE], "us")
    await region.access.revoke(workspace, token.id)
    await region.admins.create(workspace, "ada@example.com", "Ada")
    return workspace, contacts


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return written_by(write_settings, tmp_path_factory.mktemp("settings"))


def told(ledger: Ledger) -> list[str]:
    return [problem.what for problem in ledger.problems if "settings_log" in problem.what]


def test_settings_that_only_the_program_changed_hold(ledger: Ledger):
    assert [] == ledger.problems
    assert [(10,)] == ledger.run("SELECT count(*) FROM settings_log")


@pytest.mark.parametrize(
    "change",
    [
        "consent_type = 'opt_in'",
        "state = 'archived'",
        "channels = 'sms_message'",
        "channels = 'email sms_message'",
        "default_locale = 'de'",
        "revision = revision + 1",
    ],
)
def test_a_type_that_was_changed_behind_the_program_is_named(ledger: Ledger, change: str):
    ledger.run(f"UPDATE subscription_types SET {change} WHERE type_id = '2'")

    assert ["type 2 differs from its last entry in settings_log"] == told(ledger)


@pytest.mark.parametrize("column", ["name", "description", "locale"])
def test_a_wording_is_bound_in_every_locale_even_where_no_entry_names_it(ledger: Ledger, column: str):
    for table in ("translations", "notices"):
        ledger.run(f"UPDATE {table} SET {column} = 'it' WHERE type_id = '1' AND locale = 'de'")

    assert ["type 1 differs from its last entry in settings_log"] == [problem.what for problem in ledger.problems]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "UPDATE tokens SET scopes = 'admin read write' WHERE name = 'one'",
            "differs from its last entry in settings_log",
        ),
        ("UPDATE tokens SET revoked_at = NULL WHERE name = 'two'", "differs from its last entry in settings_log"),
        (
            "UPDATE tokens SET revoked_at = revoked_at + 1 WHERE name = 'two'",
            "differs from its last entry in settings_log",
        ),
        ("UPDATE tokens SET digest = x'00' WHERE name = 'one'", "differs from its last entry in settings_log"),
        ("UPDATE tokens SET digest = 'text' WHERE name = 'one'", "differs from its last entry in settings_log"),
        ("DELETE FROM tokens WHERE name = 'one'", "does not exist, and settings_log names it"),
        (
            """INSERT INTO tokens SELECT workspace_id, 'mine', name, digest, hint, scopes, created_at, revoked_at
            FROM tokens WHERE name = 'one'""",
            "is not in settings_log",
        ),
        (
            """INSERT INTO admins (workspace_id, admin_id, email, name)
            SELECT workspace_id, '3', email, name FROM admins LIMIT 1""",
            "is not in settings_log",
        ),
        ("DELETE FROM admins WHERE admin_id = '2'", "does not exist, and settings_log names it"),
        (
            """INSERT INTO subscription_types (workspace_id, type_id, state, consent_type, channels, default_locale,
            wording, revision, created_at, updated_at) SELECT workspace_id, '9', state, consent_type, channels,
            default_locale, wording, revision, created_at, updated_at FROM subscription_types LIMIT 1""",
            "is not in settings_log",
        ),
    ],
)
def test_a_token_or_an_admin_that_was_changed_behind_the_program_is_named(ledger: Ledger, sql: str, what: str):
    ledger.run(sql)

    assert [what] == [" ".join(one.split()[2:]) for one in told(ledger)]


@pytest.mark.parametrize("change", ["tokens SET name = 'other'", "admins SET name = 'other', email = 'o@example.com'"])
def test_names_and_addresses_are_not_bound(ledger: Ledger, change: str):
    ledger.run(f"UPDATE {change}")

    assert [] == ledger.problems


@pytest.mark.parametrize(
    "change",
    [
        "id = x'00112233445566778899aabbccddeeff'",
        "kind = 'policy.changed'",
        "object_id = '2'",
        "revision = 7",
        "sha256 = x'00'",
        "sha256 = 'text'",
        "at = at + 1",
        "actor_kind = 'operator'",
        "actor_ref = 'somebody'",
        "prev = x'00'",
        "prev = 'text'",
        "hash = x'00'",
    ],
)
def test_an_altered_entry_is_named(ledger: Ledger, change: str):
    ledger.run(f"UPDATE settings_log SET {change} WHERE seq = 2")

    assert "settings_log entry 2, or its hash, was altered" in told(ledger)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM settings_log WHERE seq = 4", ["settings_log entry 4 is missing"]),
        ("DELETE FROM settings_log WHERE seq IN (3, 4)", ["settings_log entries 3 to 4 are missing"]),
        ("DELETE FROM settings_log WHERE seq = 9", ["settings_log entry 9 is missing"]),
        ("UPDATE settings_log SET kind = CAST(x'ff' AS TEXT) WHERE seq = 4", ["an entry of settings_log cannot be read"]),
        ("UPDATE settings_log SET id = 'text' WHERE seq = 4", ["an entry of settings_log cannot be read"]),
    ],
)  # fmt: skip
def test_a_missing_or_unreadable_entry_is_told(ledger: Ledger, sql: str, expected: list[str]):
    ledger.run(sql)

    assert expected == told(ledger)[: len(expected)]


def test_a_tail_that_was_cut_shows_by_the_rows(ledger: Ledger):
    ledger.run("DELETE FROM settings_log WHERE seq = 10")

    assert ["admin 2 is not in settings_log"] == told(ledger)


def test_an_entry_between_two_others_cannot_be_replaced_by_one_with_a_right_hash(ledger: Ledger):
    """The hash is right, and the next entry names another."""
    ledger.run("UPDATE settings_log SET prev = (SELECT hash FROM settings_log WHERE seq = 2) WHERE seq = 4")
    ledger.run("DELETE FROM settings_log WHERE seq = 3")
    ledger.run("UPDATE settings_log SET seq = seq - 1 WHERE seq > 3")

    assert "settings_log entry 3, or its hash, was altered" in told(ledger)


def test_a_log_without_its_workspace_is_found(ledger: Ledger):
    for table in ("contacts", "ledger", "contact_keys", "subscription_types", "workspaces"):
        ledger.run(f"DELETE FROM {table}")

    assert "the workspace does not exist, and has rows" in {problem.what for problem in ledger.problems}


def test_a_row_that_cannot_be_read_is_told(ledger: Ledger):
    ledger.run("UPDATE tokens SET scopes = CAST(x'ff' AS TEXT) WHERE name = 'one'")
    ledger.run("UPDATE admins SET admin_id = CAST(x'ff' AS TEXT) WHERE admin_id = '2'")

    found = {problem.what for problem in ledger.problems}

    assert {"a token: a text of it is not UTF-8", "an admin: its id is not UTF-8"} <= found


def test_a_long_log_is_read_in_pages(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verify_settings, "BATCH", 3)
    assert [] == ledger.problems

    ledger.run("UPDATE settings_log SET at = 0 WHERE seq = 8")
    assert ["settings_log entry 8, or its hash, was altered"] == told(ledger)


@pytest.mark.parametrize(("store_name", "method"), [("settings_log", "rows"), ("subscription_type", "rows")])
async def test_a_setting_that_changes_between_two_reads_is_no_problem(
    store: Store, monkeypatch: pytest.MonkeyPatch, store_name: str, method: str
):
    workspace, _ = await write_settings(store)
    reworded = reword_after_reads(store, workspace, monkeypatch, getattr(store, store_name), method)

    assert [] == await of_settings(store, workspace)
    assert 5 == len(reworded)


async def test_settings_of_a_store_in_memory_are_verified_too():
    store = MemoryStore()
    workspace, _ = await write_settings(store)
    assert [] == (await verify(store)).problems

    del store.settings_log.kept[workspace][3]
    assert "settings_log entry 4 is missing" in await of_settings(store, workspace)


def test_the_authors_of_changes_are_kept(ledger: Ledger):
    assert [("system", "sayso")] == ledger.run("SELECT DISTINCT actor_kind, actor_ref FROM settings_log")
