"""Rate limits of several processes: together at most a tenth over the limit, and nobody is refused too early."""

from __future__ import annotations

from random import Random

import pytest

from sayso.http.crew import Crew
from sayso.http.shared_windows import SLOTS, TRIES, SharedWindows

NOW = 1_793_620_800_000
WINDOW = 10_000


def crew(members: int, per_minute: int) -> list[SharedWindows]:
    made = Crew(members, per_minute)
    return [made.member(number, 1).windows for number in range(members)]


@pytest.mark.parametrize("members", [1, 2, 4, 8])
@pytest.mark.parametrize("per_minute", [60, 600, 10_000, 100_000])
def test_what_all_members_let_through_is_the_limit_and_at_most_a_tenth_more(members: int, per_minute: int):
    everybody, random = crew(members, per_minute), Random(members * per_minute)
    limit = everybody[0].limit
    let_through = sum(random.choice(everybody).spend("token", NOW) >= 0 for _ in range(limit * 2))

    assert limit <= let_through <= limit * 1.1


def test_a_small_limit_is_counted_exactly():
    one, other = crew(2, 60)

    assert [9, 8, 7, 6] == [windows.spend("token", NOW) for windows in (one, other, other, one)]
    assert 6 == one.left("token", NOW)


def test_each_key_and_each_window_has_a_count_of_its_own():
    one, other = crew(2, 60)
    one.spend("token", NOW)

    assert 9 == other.spend("other token", NOW)
    assert [9, 8] == [other.spend("token", NOW + WINDOW), one.spend("token", NOW + WINDOW)]
    assert 10 == one.left("a third", NOW + WINDOW)


def test_many_keys_do_not_disturb_one_another():
    one, other = crew(2, 60)
    for number in range(20_000):
        one.spend(f"client {number}", NOW)

    assert {8} == {other.spend(f"client {number}", NOW) for number in range(20_000)}


def test_what_is_kept_of_keys_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.http.windows._MOST_KEYS", 2)
    one, _ = crew(2, 60)
    for number in range(100):
        one.spend(f"client {number}", NOW)

    assert [2, 2, 2] == [len(kept) for kept in (one._counts, one._before, one._inherited)]


def test_where_a_table_has_no_room_a_key_is_counted_by_each_member_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.http.shared_windows._LAST", 0)
    one, other = crew(2, 60)
    lefts = [one.spend(key, NOW) for key in ("first", "second", "second")]

    assert [9, 9, 8] == lefts
    assert 8 == other.spend("first", NOW)
    assert SLOTS > TRIES


def test_clients_take_no_room_from_tokens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.http.shared_windows._LAST", 0)
    one, other = crew(2, 60)
    one.spend("client 192.0.2.1", NOW)
    one.spend("token", NOW)

    assert [8, 8] == [other.spend(key, NOW) for key in ("token", "client 192.0.2.1")]


def test_a_member_that_takes_another_s_place_goes_on_with_its_counts():
    made = Crew(2, 60)
    first, other = made.member(0, 1).windows, made.member(1, 2).windows
    for _ in range(3):
        first.spend("token", NOW)
    successor = made.member(0, 3).windows

    assert [6, 5, 4] == [windows.spend("token", NOW) for windows in (successor, other, successor)]


def test_a_count_that_has_no_room_stays_its_key_s(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.http.shared_windows._COUNT", 7)
    one, other = crew(2, 60)
    for _ in range(9):
        one.spend("token", NOW)

    assert 10 - 7 - 1 == other.spend("token", NOW)


def test_without_a_limit_nothing_is_counted():
    one, other = crew(2, 0)

    assert {one.limit} == {windows.spend("token", NOW) for windows in (one, one, other)}
    assert one.limit == one.left("token", NOW)


def test_what_was_spent_while_a_clock_was_ahead_is_not_missing_when_it_is_right_again():
    one, other = crew(2, 60)
    for _ in range(12):
        one.spend("token", NOW + 1_000 * WINDOW)

    assert [9, 8, 7] == [windows.spend("token", NOW) for windows in (one, other, one)]
    assert NOW // 1_000 + 10 == one.reset
