"""What a request costs at each number of contacts: what the page, its chart and its targets say of samples."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from benchmarks import report_curve, targets
from benchmarks.results import Curve, CurveSample

SVG = "{http://www.w3.org/2000/svg}"

SIZES = (0, 1_000, 1_000_000)


def sample(
    engine: str, contacts: int, kind: str, server_us: float, database_us: float = 0.0, statement_us: float = 0.0,
    *, round_: int = 0, grown: bool = False, connections: int = 1,
) -> CurveSample:  # fmt: skip
    return CurveSample(round_, engine, contacts, grown, kind, connections, 100, server_us, database_us, statement_us)


def found(last: float = 100.0, statement: float = 20.0) -> Curve:
    """A GET at each size, which costs `last` at the last; in PostgreSQL `statement`, where pgbench's costs 10."""
    costs = [(size, last if size == SIZES[-1] else 100.0) for size in SIZES]
    samples = [sample("sqlite", size, "GET", cost, connections=each) for size, cost in costs for each in (1, 64)]
    samples += [sample("postgres", size, "GET", cost - 40, 40, statement) for size, cost in costs]
    samples += [sample("postgres", size, "choice", cost - 40, 40, 30) for size, cost in costs]
    for size in SIZES:
        samples += [
            sample("postgres", size, "pgbench GET", 0, 9, 10),
            sample("postgres", size, "pgbench POST", 0, 9, 10),
        ]
    samples += [sample("sqlite", size, "GET", cost, grown=True) for size, cost in ((200, 90.0), (800, 99.0))]
    return Curve("now", 1, 1.0, "15", samples)


def met(curve: Curve) -> dict[str, bool]:
    return {outcome.key: outcome.met for outcome in targets.curve_outcomes(curve)}


def test_the_targets_of_the_curve_are_met_at_their_limits_and_missed_beyond():
    keys = {"curve-sqlite", "curve-postgres", "curve-get-pgbench", "curve-choice-pgbench"}

    assert dict.fromkeys(keys, True) == met(found(130, 20))
    missed = {key for key, is_met in met(found(131, 20.1)).items() if not is_met}
    assert keys - {"curve-choice-pgbench"} == missed


def test_sizes_are_compared_by_the_medians_of_the_rounds():
    rounds = [sample("sqlite", size, "GET", 100, round_=round_) for round_ in range(3) for size in SIZES]
    rounds[0] = sample("sqlite", SIZES[0], "GET", 900)

    assert 1.0 == report_curve.spreads(Curve("now", 3, 1.0, "15", rounds), "sqlite")["GET", 1]


def test_pgbench_is_compared_inside_a_round():
    samples = [
        sample("postgres", 0, kind, 0, 0, us, round_=round_)
        for round_, factor in enumerate((1, 5, 50))
        for kind, us in (("GET", 15.0 * factor), ("pgbench GET", 10.0 * factor))
    ]

    assert {0: 1.5} == report_curve.over_pgbench(Curve("now", 3, 1.0, "15", samples), "GET", "pgbench GET")


def test_the_part_shows_each_size_loaded_and_grown():
    text = report_curve.part(found(150))

    assert "| SQLite | Connections | 0 | 1,000 | 1 M | Most/least |" in text
    assert "| GET a contact's subscriptions | 1 | 100 | 100 | 150 | 1.50 |" in text
    assert "| SQLite | Connections | 200 | 800 | Most/least |" in text
    assert "| GET a contact's subscriptions | 2.00 | 2.00 | 2.00 |" in text
    assert "" == report_curve.part(None)


def test_the_chart_has_a_panel_for_each_engine_and_number_of_connections_and_a_point_for_each_figure():
    root = ET.fromstring(report_curve.chart(found()))
    titles = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]

    assert ["SQLite, 1 connection", "SQLite, 64 connections", "PostgreSQL, 1 connection"] == titles
    assert 3 * (1 + 1 + 4) == len(list(root.iter(f"{SVG}circle")))


def test_a_figure_ten_times_as_great_is_a_decade_higher_in_the_chart():
    root = ET.fromstring(report_curve.chart(found(1_000.0)))
    first, *_, last = (float(point.get("cy", 0)) for point in list(root.iter(f"{SVG}circle"))[:3])
    grid = [float(line.get("y1", 0)) for line in root.iter(f"{SVG}line") if line.get("class") == "grid"]

    assert round(grid[0] - grid[1]) == round(first - last)
