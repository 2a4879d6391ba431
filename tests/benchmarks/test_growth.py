"""What a request costs by how much there is beside contacts."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import growing, growth, report_growth
from benchmarks.growing import THINGS, Thing
from benchmarks.results import Growth, GrowthSample


def test_the_part_compares_the_most_with_one_for_each_request():
    costs = {1: 200.0, 100: 220.0, 10_000: 500.0}
    samples = [GrowthSample("tags", number, "GET contact", cost) for number, cost in costs.items()]
    text = report_growth.part(Growth("now", 1, samples))

    assert "| tags | GET contact | 1, 100, 10,000 | 200 · 220 · 500 | 2.50 |" in text
    assert "" == report_growth.part(None)


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.name)
async def test_more_of_each_thing_can_be_made_and_every_request_about_it(thing: Thing, tmp_path: Path):
    database = tmp_path / "sayso.db"
    growth.bring_up_to_date(database, growth.now())
    world = await growth.grown(database, None, thing, 0, 1)
    world = await growth.grown(database, world, thing, 1, 3)

    requests = {name: following() for name, following in thing.requests(world).items()}
    assert set(growing.contact_requests(world)) <= requests.keys()
    assert all(
        request is not None and request.startswith((b"GET ", b"POST ", b"PUT ")) for request in requests.values()
    )
