"""Verification of subscription types and of the wordings that entries name."""

from __future__ import annotations

import pytest
from tests.service.conftest import Ledger


@pytest.mark.parametrize("column", ["name", "description"])
def test_a_changed_wording_is_found_by_the_entries_that_name_it(ledger: Ledger, column: str):
    ledger.run(f"UPDATE notices SET {column} = 'altered' WHERE type_id = '1' AND locale = 'en'")

    assert {"the wording that the entry names is not the one that is kept"} == {p.what for p in ledger.problems}


def test_a_missing_wording_is_found(ledger: Ledger):
    ledger.run("DELETE FROM notices WHERE type_id = '2' AND version = 1")

    assert {(ledger.contacts[0], 2)} == ledger.named()


def test_a_wording_that_is_no_text_is_found(ledger: Ledger):
    ledger.run("UPDATE notices SET name = CAST(x'ff' AS TEXT) WHERE type_id = '2' AND version = 1")

    assert "a wording kept for its types is not UTF-8" in {problem.what for problem in ledger.problems}
