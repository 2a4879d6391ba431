"""Tallies of several processes: whoever is asked tells what all of them counted."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from sayso.http.crew import Crew
from sayso.http.shared_tally import NAME, OTHER
from sayso.http.tally import Tally


def told(tally: Tally) -> tuple[Counter[tuple[str, str, int]], int, float]:
    return tally.requests, sum(tally.buckets), round(tally.seconds, 6)


def test_the_sum_is_what_one_tally_would_have_counted():
    made, alone = Crew(3, 60), Tally()
    members = [made.member(number, number + 1) for number in range(3)]
    for number in range(300):
        request = ("GET" if number % 2 else "POST", f"/{number % 5}", 200 + number % 3, number / 1000)
        members[number % 3].tally.count(*request)
        alone.count(*request)

    for member in members:
        assert told(alone) == told(member.tallied())
        assert alone.buckets == member.tallied().buckets


def test_what_another_process_counted_is_seen_at_once():
    made = Crew(2, 60)
    mine = made.member(0, os.getpid())
    pid = os.fork()
    if not pid:
        made.member(1, os.getpid()).tally.count("GET", "/contacts/{id}", 200, 0.25)
        os._exit(0)
    os.waitpid(pid, 0)

    assert (Counter({("GET", "/contacts/{id}", 200): 1}), 1, 0.25) == told(mine.tallied())
    assert [os.getpid(), pid] == mine.pids


def test_the_counts_of_a_member_that_died_are_gone_on_with():
    made = Crew(2, 60)
    made.member(0, 1).tally.count("GET", "/me", 200, 0.1)
    successor = made.member(0, 2)
    successor.tally.count("GET", "/me", 200, 0.1)
    successor.tally.count("GET", "", 404, 0.1)

    assert Counter({("GET", "/me", 200): 2, ("GET", "", 404): 1}) == made.member(1, 3).tallied().requests
    assert [2, 3] == successor.pids


def test_of_a_kind_that_was_not_told_to_its_end_nothing_is_left():
    made = Crew(1, 60)
    name = b"\0".join((b"DELETE", b"/contacts/{id}", b"404"))
    made.member(0, 1).tally._row.names[: len(name)] = name
    made.member(0, 2).tally.count("GET", "/me", 200, 0.1)

    assert Counter({("GET", "/me", 200): 1}) == made.member(0, 3).tallied().requests


def test_kinds_for_which_there_is_no_room_are_counted_as_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.http.shared_tally.KINDS", 3)
    member = Crew(1, 60).member(0, 1)
    for route in ("/a", "/b", "/c", "/d", "/a", "/c"):
        member.tally.count("GET", route, 200, 0.0)
    member.tally.count("GET", "/" + "x" * NAME, 200, 0.0)

    assert Counter({("GET", "/a", 200): 2, ("GET", "/b", 200): 1, OTHER: 4}) == member.tallied().requests
