"""Cursors: what a page gave is read again, and nothing else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.domain.errors import WrongCursor
from sayso.domain.paging import Cursor

NUMBERS = st.integers(0, 2**53 - 1)


def word_of(form: Any) -> str:
    return urlsafe_b64encode(json.dumps(form).encode()).decode().rstrip("=")


@settings(max_examples=50)
@given(NUMBERS, st.binary(min_size=1, max_size=32), NUMBERS, NUMBERS)
def test_a_cursor_is_read_as_it_was_given(at: int, id_: bytes, page: int, total: int):
    cursor = Cursor(at, id_.hex(), page, total)

    assert cursor == Cursor.of(cursor.word(), "starting_after")


@pytest.mark.parametrize(
    "id_", ["", "z", "a", "0G", "AB", "é", "\u0660\u0660", "ab\0", "ab " * 2, "ab" * 33, 7, None, ["ab"]]
)
def test_what_stands_for_a_row_is_an_id_in_hex_digits(id_: object):
    with pytest.raises(WrongCursor) as refused:
        Cursor.of(word_of([1, id_, 1, 0]), "starting_after")

    assert "starting_after" == refused.value.field


@settings(max_examples=100)
@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(word_of))
def test_any_other_word_is_a_wrong_cursor(word: str):
    with pytest.raises(WrongCursor):
        Cursor.of(word, "before")
