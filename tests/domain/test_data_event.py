"""Data events: what of them is kept, and how they are counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.domain.data_event import COUNT_LIMIT, DataEvent, Summary, counted, submitted, summarized
from sayso.domain.errors import Invalid, Missing


def of(metadata: dict[str, Any]) -> DataEvent:
    return submitted("0" * 32, "invited-friend", 1_700_000_000, metadata)


def test_the_first_ten_keys_of_the_metadata_are_kept_and_the_rest_ignored():
    sent = {f"key{number}": number for number in range(20)}

    assert dict(list(sent.items())[:10]) == of(sent).metadata


def test_what_is_ignored_is_not_looked_at():
    assert 10 == len(of({**{f"key{number}": "x" for number in range(10)}, "wrong": ["x"], "": None}).metadata)


@pytest.mark.parametrize(
    "value",
    [
        "desktop",
        3.67,
        -1,
        True,
        None,
        1_392_036_272,
        "https://example.org/ab1de.html",
        {"url": "https://example.org/ab1de.html", "value": "the dude abides"},
        {"amount": 34_999, "currency": "eur"},
    ],
)
def test_the_documented_kinds_of_values_are_kept_as_they_are(value: object):
    assert {"key": value} == of({"key": value}).metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"key": ["x"]},
        {"key": {}},
        {"key": {"a": 1}},
        {"key": {"url": "javascript:alert(1)", "value": "x"}},
        {"key": {"url": "https://example.org", "value": "x", "more": 1}},
        {"key": {"url": "https://example.org", "value": {"a": {}}}},
        {"key": {"amount": -1, "currency": "eur"}},
        {"key": {"amount": True, "currency": "eur"}},
        {"key": {"amount": 1.5, "currency": "eur"}},
        {"key": {"amount": 2**60, "currency": "eur"}},
        {"key": {"amount": 1, "currency": "euro"}},
        {"key": {"amount": 1, "currency": "e\0r"}},
        {"key": "x" * 3_000},
        {"key": "\0"},
        {"k\0": "x"},
        {"": "x"},
        {"x" * 200: "x"},
        {"key": 2**53 + 1},
        {"key": float("inf")},
    ],
)
def test_other_values_are_refused_by_name(metadata: dict[str, Any]):
    with pytest.raises(Invalid) as refused:
        of(metadata)

    assert "metadata" == refused.value.field


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "x\0"])
def test_an_event_has_a_name(name: str):
    with pytest.raises(Invalid) as refused:
        submitted("0" * 32, name, 1, {})

    assert "event_name" == refused.value.field
    assert (not name.strip()) is isinstance(refused.value, Missing)


@pytest.mark.parametrize("at", [-1, 253_402_300_800, 1_700_000_000_000])
def test_an_event_happened_at_a_second(at: int):
    with pytest.raises(Invalid) as refused:
        submitted("0" * 32, "x", at, {})

    assert "created_at" == refused.value.field


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("count", (-1, 1, 2)),
        ("count", (COUNT_LIMIT, 1, 2)),
        ("first", (1, -1, 2)),
        ("last", (1, 1, 253_402_300_800)),
        ("last", (1, 2, 1)),
    ],
)
def test_a_summary_has_a_count_and_two_times_in_order(field: str, told: tuple[int, int, int]):
    with pytest.raises(Invalid) as refused:
        summarized("x", *told)

    assert field == refused.value.field


@settings(max_examples=50)
@given(st.lists(st.integers(0, 100), min_size=1))
def test_a_summary_counts_events_in_any_order(times: list[int]):
    summary: Summary | None = None
    for at in times:
        summary = counted(summary, DataEvent("", "x", at))

    assert Summary("x", len(times), min(times), max(times)) == summary


def test_a_count_never_outgrows_what_clients_can_read():
    full = Summary("x", COUNT_LIMIT - 1, 1, 1)

    assert full == counted(full, DataEvent("", "x", 1))
