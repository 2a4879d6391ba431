"""Verification of subscription types and of the wordings that entries name."""

from __future__ import annotations

import pytest
from tests.service.conftest import Ledger, reword_after_reads, write_story

from sayso.service.ports import Store
from sayso.service.verify import Problem
from sayso.service.verify_types import of_types
from sayso.storage.memory import MemoryStore


@pytest.mark.parametrize("column", ["name", "description"])
def test_a_changed_wording_is_found_by_the_entries_that_name_it(ledger: Ledger, column: str):
    ledger.run(f"UPDATE notices SET {column} = 'altered' WHERE type_id = '1' AND locale = 'en'")

    assert {
        "the wording that the entry names is not the one that is kept",
        "the translations of type 1 are not the wording kept under its number",
    } == {problem.what for problem in ledger.problems}


def test_a_missing_wording_is_found(ledger: Ledger):
    ledger.run("DELETE FROM notices WHERE type_id = '2' AND version = 1")

    assert {(ledger.contacts[0], 2), ("", None)} == ledger.named()


def test_a_wording_that_is_no_text_is_found(ledger: Ledger):
    ledger.run("UPDATE notices SET name = CAST(x'ff' AS TEXT) WHERE type_id = '2' AND version = 1")

    assert "a wording kept for its types is not UTF-8" in {problem.what for problem in ledger.problems}


# Type 1 has one wording; type 2 has four, the last of them in English and German.


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "UPDATE subscription_types SET wording = 9 WHERE type_id = '1'",
            ["type 1 refers to wording 9, which is not stored"],
        ),
        (
            "UPDATE subscription_types SET wording = 3 WHERE type_id = '2'",
            [
                "the translations of type 2 are not the wording kept under its number",
                "of type 2 wording 4 is kept, and its number is 3",
            ],
        ),
        (
            "DELETE FROM notices WHERE type_id = '2' AND version = 4 AND locale = 'de'",
            ["the translations of type 2 are not the wording kept under its number"],
        ),
        (
            "DELETE FROM notices WHERE type_id = '2' AND version = 4",
            ["type 2 refers to wording 4, which is not stored"],
        ),
        (
            "DELETE FROM notices WHERE type_id = '2' AND version IN (2, 3) AND locale = 'de'",
            [],
        ),
        (
            "DELETE FROM translations WHERE type_id = '1' AND locale = 'en'",
            [
                "type 1 has no translation in its default locale",
                "the translations of type 1 are not the wording kept under its number",
            ],
        ),
        (
            "DELETE FROM translations WHERE type_id = '1'",
            [
                "type 1 has no translation in its default locale",
                "the translations of type 1 are not the wording kept under its number",
            ],
        ),
        (
            "UPDATE translations SET name = 'altered' WHERE type_id = '1' AND locale = 'de'",
            ["the translations of type 1 are not the wording kept under its number"],
        ),
        (
            "DELETE FROM subscription_types WHERE type_id = '1'",
            ["wordings are kept of type 1, which does not exist"],
        ),
        (
            "INSERT INTO notices SELECT workspace_id, '7', version, locale, name, description FROM notices LIMIT 1",
            ["wordings are kept of type 7, which does not exist"],
        ),
    ],
)
def test_a_type_and_its_wordings_that_differ_are_told(ledger: Ledger, sql: str, expected: list[str]):
    ledger.run(sql)

    assert [Problem(ledger.workspace, "", None, what) for what in expected] == [
        problem for problem in ledger.problems if not problem.contact_id and "settings_log" not in problem.what
    ]


def test_a_wording_that_nobody_chose_on_is_missed_too(ledger: Ledger):
    ledger.run("DELETE FROM notices WHERE version = 2")
    ledger.run("DELETE FROM ledger")

    assert "type 2 is missing a wording between 1 and 3" in {problem.what for problem in ledger.problems}


@pytest.mark.parametrize(
    "change",
    [
        "state = 'none'",
        "consent_type = 'none'",
        "channels = ''",
        "channels = 'email pigeon'",
        "channels = x'00'",
        "type_id = 'one'",
        "type_id = x'31'",
        "default_locale = CAST(x'ff' AS TEXT)",
        "default_locale = x'00'",
        "wording = 'first'",
        "wording = x'00'",
    ],
)
def test_a_type_that_no_writer_of_ours_can_have_made_is_found(ledger: Ledger, change: str):
    ledger.run(f"UPDATE subscription_types SET {change} WHERE type_id = '1'")

    assert [problem for problem in ledger.problems if not problem.contact_id]


@pytest.mark.parametrize("column", ["locale", "name", "type_id"])
def test_a_translation_that_cannot_be_read_is_found(ledger: Ledger, column: str):
    ledger.run(f"UPDATE translations SET {column} = CAST(x'ff' AS TEXT) WHERE type_id = '1' AND locale = 'de'")

    assert "a type: a text of it is not UTF-8" in {problem.what for problem in ledger.problems}


@pytest.mark.parametrize("version", ["'first'", "x'00'", "-1", "2.5"])
def test_a_wording_under_no_number_of_its_type_is_found(ledger: Ledger, version: str):
    ledger.run(f"UPDATE notices SET version = {version} WHERE type_id = '2' AND version = 2")

    assert [problem for problem in ledger.problems if not problem.contact_id]


@pytest.mark.parametrize("method", ["rows", "notices"])
async def test_a_type_that_is_reworded_between_two_reads_is_no_problem(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str
):
    workspace, _ = await write_story(store)
    reworded = reword_after_reads(store, workspace, monkeypatch, store.subscription_type, method)

    assert [] == await of_types(store, workspace)
    assert 5 == len(reworded)


async def test_types_of_a_store_in_memory_are_verified_too():
    store = MemoryStore()
    workspace, _ = await write_story(store)
    (await store.subscription_type.notices(workspace)).clear()
    assert [] == await of_types(store, workspace)

    store.subscription_type.kept_notices[workspace].clear()
    assert "type 1 refers to wording 1, which is not stored" in await of_types(store, workspace)
