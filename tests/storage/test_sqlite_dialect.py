"""Our SQL as SQLite reads it, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sayso.storage import sqlite_dialect
from sayso.storage.sqlite_dialect import LONGEST_KEPT, MOST_KEPT, dialect


@pytest.fixture
def kept() -> Iterator[dict[str, str]]:
    sqlite_dialect._rewritten.clear()
    yield sqlite_dialect._rewritten
    sqlite_dialect._rewritten.clear()


def a_search(number: int, length: int) -> str:
    return f"SELECT {number} WHERE name = $1".ljust(length)


def test_parameters_are_numbered_as_they_were():
    assert "SELECT ?2, ?1, ?10" == dialect("SELECT $2, $1, $10")


def test_a_text_is_rewritten_once(kept: dict[str, str]):
    assert dialect("SELECT $1") is dialect("SELECT $1")
    assert ["SELECT $1"] == list(kept)


def test_a_text_that_is_too_long_to_keep_is_rewritten_all_the_same(kept: dict[str, str]):
    assert "?1" in dialect(a_search(1, LONGEST_KEPT + 1))
    assert {} == kept
    dialect(a_search(1, LONGEST_KEPT))
    assert 1 == len(kept)


def test_searches_of_any_number_and_length_leave_a_few_megabytes_at_most(kept: dict[str, str]):
    most = 0
    for number in range(3 * MOST_KEPT):
        for length in (LONGEST_KEPT, 50_000):
            dialect(a_search(number, length))
        most = max(most, len(kept))

    assert most == MOST_KEPT
    assert sum(map(len, (*kept, *kept.values()))) <= 2 * MOST_KEPT * LONGEST_KEPT
