"""What is said of finding and making contacts is computed inside each round."""

from __future__ import annotations

from benchmarks import report_search, targets
from benchmarks.results import Encoding, Load, Sample, Search

MIB = 1024**2


def sample(server: str, name: str, cpu_us: float, round_: int = 0, requests: int = 1_000) -> Sample:
    return Sample(round_, server, name, 64, requests, 1.0, cpu_us * requests / 1e6, 500, 900, 0, 0, 0.0)


def found(cpu_us: float, resident: list[int], created: int = 15_000) -> Search:
    names = ["id", "email", "external_id", "many updated", "few updated"]
    samples = [sample(f"constant {name}", name, 90, round_) for name in names for round_ in (0, 1)]
    samples += [sample("sayso", name, cpu_us, round_) for name in names for round_ in (0, 1)]
    samples += [sample("sayso", "create", 100, requests=created), sample("orm-20", "create", 5_000)]
    return Search(1_000, 2, 1.0, samples, [Encoding(name, 2_000, 10.0) for name in names], Load(5_000, 9.0, resident))


def test_the_targets_of_contacts_are_met_at_their_limits_and_missed_beyond():
    at = {outcome.key: outcome.met for outcome in targets.search_outcomes(found(180, [200 * MIB, 300 * MIB]))}
    beyond = {outcome.key: outcome.met for outcome in targets.search_outcomes(found(3_001, [301 * MIB], 14_999))}

    assert {
        "search-id", "search-email", "search-external_id", "search-many-updated", "search-few-updated", "create-wall",
        "load-resident",
    } == set(at)  # fmt: skip
    assert set(at.values()) == {True}
    assert set(beyond.values()) == {False}


def test_the_part_of_contacts_shows_each_request_and_what_loading_held():
    told = report_search.part(found(180, [200 * MIB, 250 * MIB]))

    assert "| GET /contacts/{id} | 1,000 | 180 | 0.50 | 2,000 | 1.80 |" in told
    assert "| POST /contacts, the user's stack | 1,000 | 5,000 | 0.50 |  |  |" in told
    assert "in MiB: 200, 250." in told
    assert "" == report_search.part(None)
