"""What is said of searches beside other work is computed inside each round."""

from __future__ import annotations

from benchmarks import report_slow_searches, targets
from benchmarks.results import SearchRound, SlowSearches

MIB = 1024**2


def found(searched: float, failures: list[str], log: int) -> SlowSearches:
    rounds = [SearchRound(round_, 0, {"GET": 10.0 * (round_ + 1)}, 100.0, [], {}, MIB) for round_ in range(2)]
    rounds += [
        SearchRound(round_, 16, {"GET": searched}, 90.0, failures, {"gone": 30, "429": 2}, log) for round_ in range(2)
    ]
    return SlowSearches(1_000, 5.0, 4, rounds)


def test_the_targets_beside_searches_are_met_at_their_limits_and_missed_beyond():
    at = {outcome.key: outcome.met for outcome in targets.slow_search_outcomes(found(50.0, [], 128 * MIB))}
    beyond = {
        outcome.key: outcome.met for outcome in targets.slow_search_outcomes(found(50.1, ["GET: 503"], 129 * MIB))
    }

    assert {"slow-p99": True, "slow-failures": True, "slow-log": True} == at
    assert {False} == set(beyond.values())


def test_the_part_of_searches_shows_each_kind_of_request_and_what_became_of_searches():
    text = report_slow_searches.part(found(30.0, [], MIB))

    assert "| GET | 15.0 | 30.0 | 2.25 |" in text
    assert "4 429, 60 gone" in text
    assert "" == report_slow_searches.part(None)
