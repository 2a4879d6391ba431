"""Memory is given back to the system after a burst, and not at every turn."""

from __future__ import annotations

import pytest

from sayso.http import trim
from sayso.http.trim import EVERY, FALL, Trim


@pytest.fixture
def given_back() -> list[None]:
    return []


@pytest.fixture
def trimming(given_back: list[None]) -> Trim:
    return Trim(lambda: given_back.append(None))


def test_memory_is_given_back_once_after_a_burst(trimming, given_back):
    for number, held in enumerate([1, FALL, FALL, 0, 0, 1]):
        trimming.look(held, 100.0 + number)
        assert len(given_back) == (number > 2)


def test_a_few_that_go_are_no_burst(trimming, given_back):
    for number in range(1000):
        trimming.look(10 * FALL - number * FALL // 1000, float(number))

    assert [] == given_back


def test_bursts_in_a_row_are_given_back_once_in_a_while(trimming, given_back):
    for number in range(100):
        trimming.look(FALL * (number % 2), number / 100 * EVERY)

    assert 1 == len(given_back)
    trimming.look(0, 2 * EVERY)
    assert 2 == len(given_back)


def test_after_a_long_collection_the_next_one_waits_a_hundred_times_as_long():
    passed, given_back = 0.0, []

    def give_back() -> None:
        nonlocal passed
        passed += 0.2
        given_back.append(now)

    trimming = Trim(give_back, lambda: passed)
    for now in (0.0, EVERY + 1, 19.9, 20.1, 39.9, 40.2):
        trimming.look(FALL, now)
        trimming.look(0, now)

    assert [0.0, 20.1, 40.2] == given_back


@pytest.mark.parametrize("platform", ["linux", "other"])
def test_a_system_that_cannot_be_asked_is_not(monkeypatch, platform):
    monkeypatch.setattr(trim.sys, "platform", platform)
    trimming = Trim()
    trimming.look(FALL, 0.0)
    trimming.look(0, 1.0)

    assert 0 == trimming._peak
